// Draws what an item is: its picture, its text, or what its features say. All data reaches the page
// through textContent and attributes, never as HTML.

const KEPT_PICTURES = 160;

class Content {
  constructor({ addressOf, highlight, nameOf }) {
    this.addressOf = addressOf;
    this.highlight = highlight;
    this.nameOf = nameOf;
    this.pictures = new Map(); // address -> Image, so that the browser keeps the next ones decoded
  }

  // In the grid: small, and nothing in it takes the focus.
  small(card) {
    if (card.modality === "image") return this.picture(this.addressOf(card, true), card, "thumb");
    if (card.modality === "text") return this.text(card, "snippet");
    return this.bars(card);
  }

  large(card) {
    if (card.modality === "image") return [this.picture(this.addressOf(card, false), card, "picture")];
    if (card.modality !== "text") return [this.bars(card)];
    const text = this.text(card, "text");
    text.tabIndex = 0;
    const cut = card.n_characters_cut;
    return cut ? [text, element("p", "note", `${grouped(cut)} more characters not shown`)] : [text];
  }

  text(card, className) {
    const shown = element("div", className);
    shown.dir = "auto";
    shown.append(...marked(card.text ?? "", this.highlight));
    return shown;
  }

  // Vectors cannot be looked at: there is the id, what the model thinks, and in the panel the
  // nearest items.
  bars(card) {
    const shown = element("div", "bars");
    shown.append(element("bdi", "vector", card.item_id), ...card.guesses.slice(0, 3).map((guess) => {
      const bar = element("div", "bar-line");
      bar.style.setProperty("--sure", guess.confidence);
      bar.append(element("bdi", "", this.nameOf(guess.class_no)), element("span", "sure", percent(guess.confidence)));
      return bar;
    }));
    return shown;
  }

  picture(address, card, className) {
    const kept = this.preload(address);
    // An element is in one place only: what shows the same picture elsewhere keeps its own.
    const image = kept.isConnected ? kept.cloneNode() : kept;
    image.alt = `Item ${card.item_id}`;
    image.draggable = false;
    const shown = element("div", className);
    const fail = () => shown.replaceChildren(
      element("p", "note", "⚠ This picture cannot be shown: its file is gone, damaged or changed."),
    );
    const size = () => {
      const side = Math.max(image.naturalWidth, image.naturalHeight);
      image.classList.toggle("little", side <= 320);
      // A few pixels are looked at better as squares than as a blur.
      image.classList.toggle("tiny", side <= 64);
    };
    image.onload = size;
    image.onerror = fail;
    shown.append(image);
    if (image.complete && image.naturalWidth === 0) fail();
    else if (image.complete) size();
    return shown;
  }

  preload(address) {
    let image = this.pictures.get(address);
    if (image === undefined) {
      image = new Image();
      image.src = address;
      image.decode?.().catch(() => {}); // what cannot be decoded says so where it is shown
      this.pictures.set(address, image);
      if (this.pictures.size > KEPT_PICTURES) {
        this.pictures.delete(this.pictures.keys().next().value);
      }
    }
    return image;
  }
}

// Cuts a text where the wanted words stand, whatever their case, and marks them.
function marked(text, wanted) {
  if (!wanted) return [text];
  const pattern = new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
  const parts = [];
  let done = 0;
  for (const found of text.matchAll(pattern)) {
    parts.push(text.slice(done, found.index), element("mark", "", found[0]));
    done = found.index + found[0].length;
  }
  return [...parts, text.slice(done)];
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// The browser would let go of what had the focus in a dialog only at the next frame, and it would
// swallow a key pressed before that.
function closeDialog(dialog) {
  dialog.getRootNode().activeElement?.blur();
  dialog.close();
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
