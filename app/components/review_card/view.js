// Draws. All data reaches the page through textContent and attributes, never as HTML.

class View {
  constructor(root) {
    this.root = root;
    this.pictures = new Map(); // address -> Image, so that the browser keeps the next ones decoded
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  drawHeader(data, counts) {
    const share = counts.done + counts.left === 0 ? 1 : counts.done / (counts.done + counts.left);
    this.find(".project").textContent = data.name;
    this.find(".who").textContent = `reviewed by ${data.reviewer}`;
    this.find(".bar > div").style.width = `${(100 * share).toFixed(2)}%`;
    this.find(".bar").setAttribute("aria-valuemax", counts.done + counts.left);
    this.find(".bar").setAttribute("aria-valuenow", counts.done);
    this.find(".counts").textContent =
      `${grouped(counts.done)} done · ${grouped(counts.left)} left · ${grouped(counts.session)} this session`;
  }

  drawSaved(outbox) {
    const waiting = outbox.pending.size;
    const saved = this.find(".saved");
    const late = outbox.failedSince !== null;
    const kept = outbox.keptOnDisk ? "kept in this browser" : "keep this tab open";
    saved.dataset.state = waiting === 0 ? "saved" : late ? "unsaved" : "saving";
    setText(
      saved,
      waiting === 0 ? "✓ Saved"
        : late ? `⚠ NOT SAVED: ${grouped(waiting)} waiting, ${kept}`
        : `… Saving ${grouped(waiting)}`,
    );
  }

  drawRefused(refused, nameOf) {
    const box = this.find(".refused");
    box.hidden = refused.length === 0;
    if (refused.length === 0) return;
    const { event, reason } = refused[refused.length - 1];
    const what = event.class_no === null ? event.kind : `${event.kind} ${nameOf(event.class_no)}`;
    const more = refused.length > 1 ? ` (${refused.length} in all)` : "";
    setText(box, `Not stored: “${what}” on item ${event.item_no}, because ${reason}.${more}`);
  }

  drawCard(card, picture, numbered, nameOf) {
    this.drawStage(card, picture);
    this.find("main").classList.remove("over");
    this.find(".item-id").textContent = card.item_id;
    this.find(".because").textContent = `asked because ${card.asked_because}`;
    this.drawSuggestion(card, nameOf);
    this.drawClasses(card, numbered);
    const hasGuess = card.guesses.length > 0;
    this.find("[data-act=accept]").disabled = !hasGuess;
    this.find("[data-act=reject]").disabled = !hasGuess;
    this.find("[data-act=skip]").disabled = false;
    this.say(hasGuess ? `Item ${card.item_id}: ${nameOf(card.guesses[0].class_no)}?`
      : `Item ${card.item_id}: choose a class`);
  }

  drawStage(card, picture) {
    if (card.modality === "image") {
      this.find(".stage").replaceChildren(this.pictureOf(card, picture));
    } else if (card.modality === "text") {
      const text = element("div", "text", card.text ?? "");
      text.dir = "auto";
      text.tabIndex = 0;
      const cut = card.n_characters_cut;
      const rest = cut ? [element("p", "note", `${grouped(cut)} more characters not shown`)] : [];
      this.find(".stage").replaceChildren(text, ...rest);
    } else {
      const note = "This project has features only, so there is nothing to show but the id.";
      this.find(".stage").replaceChildren(element("p", "note", note));
    }
  }

  pictureOf(card, address) {
    const image = this.preload(address);
    image.alt = `Item ${card.item_id}`;
    const shown = element("div", "picture");
    const fail = () => shown.replaceChildren(
      element("p", "note", "⚠ This picture cannot be shown: its file is gone, damaged or changed."),
    );
    const size = () => {
      const side = Math.max(image.naturalWidth, image.naturalHeight);
      image.classList.toggle("small", side <= 320);
      // A few pixels are looked at better as squares than as a blur.
      image.classList.toggle("tiny", side <= 64);
    };
    if (image.complete && image.naturalWidth === 0) fail();
    else if (image.complete) size();
    image.onload = size;
    image.onerror = fail;
    if (!shown.hasChildNodes()) shown.append(image);
    return shown;
  }

  preload(address) {
    let image = this.pictures.get(address);
    if (image === undefined) {
      image = new Image();
      image.src = address;
      this.pictures.set(address, image);
      if (this.pictures.size > 64) this.pictures.delete(this.pictures.keys().next().value);
    }
    return image;
  }

  drawSuggestion(card, nameOf) {
    const box = this.find(".suggestion");
    if (card.guesses.length === 0) {
      const why = card.blind ? "Asked blind: your answer measures, so nothing is suggested."
        : "No suggestion. Choose a class.";
      box.replaceChildren(element("p", "note", why));
      return;
    }
    const [best] = card.guesses;
    box.replaceChildren(
      element("p", "label", "Suggested"),
      element("bdi", "name", nameOf(best.class_no)),
      element("p", "label", `${percent(best.confidence)} sure · ${card.source}`),
    );
  }

  drawClasses(card, numbered) {
    const sure = new Map(card.guesses.map((guess) => [guess.class_no, guess.confidence]));
    const suggested = card.guesses.length ? card.guesses[0].class_no : null;
    this.find(".classes").replaceChildren(...numbered.map((spec, place) => {
      const button = element("button", spec.no === suggested ? "class suggested" : "class");
      button.type = "button";
      button.dataset.classNo = spec.no;
      button.title = spec.description;
      button.setAttribute("aria-keyshortcuts", place + 1);
      button.append(element("kbd", "", String(place + 1)), element("bdi", "", spec.name));
      if (spec.no === suggested) button.append(element("span", "mark", "suggested"));
      button.append(element("span", "sure", sure.has(spec.no) ? percent(sure.get(spec.no)) : ""));
      button.style.setProperty("--sure", sure.get(spec.no) ?? 0);
      return button;
    }));
  }

  drawNothing(message, action) {
    const button = element("button", "again", action.name);
    button.type = "button";
    button.onclick = action.run;
    this.find("main").classList.add("over");
    this.find(".stage").replaceChildren(element("p", "over-note", message), button);
    this.find(".item-id").textContent = "";
    this.find(".because").textContent = "";
    this.find(".suggestion").replaceChildren();
    this.find(".classes").replaceChildren();
    for (const act of ["accept", "reject", "skip"]) this.find(`[data-act=${act}]`).disabled = true;
    this.say(message);
  }

  say(message) {
    this.find(".spoken").textContent = message;
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// A live region speaks whenever it is written to, so it is written to only when it changes.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function grouped(number) {
  return number.toLocaleString("en");
}

function percent(share) {
  return share > 0.995 && share < 1 ? "> 99 %" : `${Math.round(100 * share)} %`;
}
