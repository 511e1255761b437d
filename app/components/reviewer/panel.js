// The side of the page that tells about one item and offers what can be done with it.

const ACT_NAMES = {
  accept: "Accept", reject: "Reject", skip: "Skip", undo: "Undo", flag: "Flag",
  acceptPage: "Accept page", search: "Find a class", similar: "Look-alikes", help: "Keys",
  other: "One at a time", nextPage: "Next", lastPage: "Before",
};
const ACT_TEXTS = {
  accept: "accept the suggestion", reject: "reject: it is not the suggested class", skip: "skip",
  flag: "flag it for later, or take the flag away", undo: "undo, 200 acts back",
  search: "find a class by name", similar: "look-alikes; after a correction, spread it to them",
  acceptPage: "accept every open suggestion of this page", other: "grid, or one at a time",
  nextPage: "next page", lastPage: "page before", help: "show or hide this list",
};

class Panel {
  constructor(root, keys) {
    this.root = root;
    this.keys = keys;
    this.nameActs();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  nameActs() {
    for (const button of this.root.querySelectorAll("[data-act]")) {
      const { act } = button.dataset;
      button.replaceChildren(ACT_NAMES[act], " ", element("kbd", "", this.keys.nameOf(act)));
      button.setAttribute("aria-keyshortcuts", this.keys.nameOf(act));
      button.title = ACT_TEXTS[act];
    }
  }

  drawHeader(data, counts) {
    const total = counts.done + counts.left;
    this.find(".title").textContent = data.title;
    this.find(".who").textContent = `reviewed by ${data.reviewer}`;
    this.find(".bar > div").style.width = `${(total ? (100 * counts.done) / total : 100).toFixed(2)}%`;
    this.find(".bar").setAttribute("aria-valuemax", total);
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
    const what = event.class_no == null ? event.kind : `${event.kind} ${nameOf(event.class_no)}`;
    const more = refused.length > 1 ? ` (${refused.length} in all)` : "";
    setText(box, `Not stored: “${what}” on item ${event.item_no}, because ${reason}.${more}`);
  }

  drawItem(slot, numbered, nameOf) {
    const { card } = slot;
    this.find("main").classList.remove("over");
    this.find(".item-id").textContent = card.item_id;
    this.find(".because").textContent = `asked because ${card.asked_because}`;
    this.drawSuggestion(slot, nameOf);
    this.drawClasses(card, numbered);
    const hasGuess = card.guesses.length > 0;
    for (const act of ["accept", "reject"]) this.find(`[data-act=${act}]`).disabled = !hasGuess;
    for (const act of ["skip", "flag", "search", "similar"]) {
      this.find(`[data-act=${act}]`).disabled = false;
    }
    this.find("[data-act=flag]").setAttribute("aria-pressed", slot.flagged !== null);
    this.say(hasGuess ? `Item ${card.item_id}: ${nameOf(card.guesses[0].class_no)}?`
      : `Item ${card.item_id}: choose a class`);
  }

  drawSuggestion({ card, answer }, nameOf) {
    const box = this.find(".suggestion");
    if (answer !== null) {
      const name = answer.class_no === null ? "" : nameOf(answer.class_no);
      const said = answer.kind === "lost" ? "Somebody else has it now" : `You answered: ${answer.kind}`;
      box.replaceChildren(
        element("p", "label", said), element("bdi", "name", name),
        element("p", "label", "another answer replaces it"),
      );
      return;
    }
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

  drawPageNumber(pages, isEnd) {
    const open = pages.open.length - pages.page.filter((slot) => slot.answer === null).length;
    const before = open ? `, ${grouped(open)} open on other pages` : "";
    setText(this.find(".page-number"), `page ${grouped(pages.number + 1)}${before}`);
    this.find("[data-act=lastPage]").disabled = pages.number === 0;
    this.find("[data-act=nextPage]").disabled = pages.isLast && isEnd;
  }

  // After a correction, the button for look-alikes offers to spread it.
  offerSpread(correction, nameOf) {
    const button = this.find("[data-act=similar]");
    const text = correction ? `Give “${nameOf(correction.classNo)}” to look-alikes` : ACT_NAMES.similar;
    button.firstChild.textContent = text;
    button.classList.toggle("offered", correction !== null);
  }

  drawNothing(message, action) {
    const button = element("button", "small", action.name);
    button.type = "button";
    button.onclick = action.run;
    this.find("main").classList.add("over");
    this.find(".grid").replaceChildren();
    this.find(".stage").replaceChildren(element("p", "over-note", message), button);
    for (const selector of [".item-id", ".because"]) this.find(selector).textContent = "";
    this.find(".suggestion").replaceChildren();
    this.find(".classes").replaceChildren();
    for (const act of ["accept", "reject", "skip", "flag", "similar", "search", "nextPage"]) {
      this.find(`[data-act=${act}]`).disabled = true;
    }
    this.say(message);
  }

  say(message) {
    setText(this.find(".spoken"), message);
  }
}
