// For items that are vectors: the nearest ones and what is known of them, beside the classes.

const N_NEIGHBOURS = 6;
const LOOK_AFTER_MS = 150; // not while somebody runs past

class Neighbours {
  constructor(root, nameOf) {
    this.box = root.querySelector(".neighbours");
    this.nameOf = nameOf;
    this.timer = null;
    this.item = null;
  }

  show(api, card) {
    this.box.hidden = card.modality !== "features";
    if (this.box.hidden || this.item === card.item_no) return;
    this.item = card.item_no;
    this.box.replaceChildren();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(api, card.item_no), LOOK_AFTER_MS);
  }

  async look(api, itemNo) {
    try {
      const response = await fetch(`${api}look-alikes/${itemNo}`);
      const found = await response.json();
      if (this.item !== itemNo || !response.ok) return;
      this.draw(found);
    } catch (error) {
      this.item = null; // asked again when the item is shown again
    }
  }

  draw({ cards, cosines }) {
    const lines = cards.slice(0, N_NEIGHBOURS).map((card, place) => {
      const line = element("li", "");
      const [sign, name] = captionOf(card, null, this.nameOf);
      line.append(element("bdi", "", card.item_id), element("span", "", `${sign} ${name}`),
        element("span", "sure", cosines[place].toFixed(2)));
      return line;
    });
    const list = element("ul", "");
    list.append(...lines);
    this.box.replaceChildren(element("p", "label", "Nearest items (= has a label), cosine"), list);
  }
}
