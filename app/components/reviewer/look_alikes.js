// Shows what lies nearest to an item, and spreads a correction to its look-alikes.

class LookAlikes {
  constructor(root, { content, nameOf, onSpread }) {
    this.dialog = root.querySelector("dialog.similar");
    this.content = content;
    this.nameOf = nameOf;
    this.onSpread = onSpread;
    this.dialog.querySelector(".close").onclick = () => this.close();
    this.dialog.querySelector(".spread").onclick = () => this.spread();
    this.dialog.onkeydown = (event) => this.onKey(event);
  }

  find(selector) {
    return this.dialog.querySelector(selector);
  }

  // With a class, it offers to give that class to the look-alikes; without, it only shows them.
  async open(api, card, classNo) {
    this.card = card;
    this.classNo = classNo;
    this.found = null;
    this.chosen = 0;
    this.find("h2").textContent = "Look-alikes";
    this.draw("Looking …");
    this.dialog.showModal();
    try {
      const query = classNo === null ? "" : `?class_no=${classNo}`;
      const response = await fetch(`${api}look-alikes/${card.item_no}${query}`);
      const found = await response.json();
      if (!response.ok) throw new Error(found.error);
      if (this.card !== card) return;
      this.found = found;
      this.choose(0);
    } catch (error) {
      this.draw(`Nothing to show: ${error.message}`);
    }
  }

  get offer() {
    return this.found?.offers[this.chosen];
  }

  draw(message) {
    const offers = this.found?.offers ?? [];
    const name = this.classNo === null ? "" : this.nameOf(this.classNo);
    setText(this.find(".lead"), message ?? this.leadText(name, offers));
    this.find(".offers").replaceChildren(...offers.map((offer, place) => this.offerButton(offer, place)));
    this.find(".alike").replaceChildren(...this.alikeCells());
    const button = this.find(".spread");
    button.hidden = offers.length === 0;
    button.replaceChildren(`Give “${name}” to ${this.offer?.n_items ?? 0} items `, element("kbd", "", "Enter"));
    setText(this.find(".hint"), offers.length
      ? "← → how many. They count as derived labels: whoever answers one of them overrules it, and undo takes all back."
      : "");
  }

  leadText(name, offers) {
    if (this.classNo === null) return "The nearest items, whatever is known of them.";
    if (offers.length === 0) return "No undecided item is left that could get this label.";
    return `You corrected this item to “${name}”. Give it to the undecided items most like it?`;
  }

  offerButton(offer, place) {
    const button = element("button", "offer");
    button.type = "button";
    button.role = "radio";
    button.setAttribute("aria-checked", place === this.chosen);
    const error = offer.expected_error === null ? "error not known: nothing alike was decided"
      : `about ${percent(offer.expected_error)} wrong (${percent(offer.low)} to ${percent(offer.high)},`
        + ` ${offer.n_wrong} of ${offer.n_decided} decided)`;
    button.append(element("b", "", `${offer.n_items} nearest`), element("span", "note", error));
    button.onclick = () => this.choose(place);
    return button;
  }

  alikeCells() {
    const given = new Set(this.found?.candidates.slice(0, this.offer?.n_items ?? 0));
    return (this.found?.cards ?? []).map((card, place) => {
      const cell = element("div", "cell alike-cell");
      const [sign, name, sure] = captionOf(card, null, this.nameOf);
      const caption = element("div", "caption");
      caption.append(element("span", "sign", given.has(card.item_no) ? "≈" : sign),
        element("bdi", "", name), element("span", "sure", sure));
      cell.title = `cosine ${this.found.cosines[place].toFixed(3)}`;
      cell.classList.toggle("selected", given.has(card.item_no));
      cell.append(this.content.small(card), caption);
      return cell;
    });
  }

  choose(place) {
    const last = (this.found?.offers.length ?? 1) - 1;
    this.chosen = Math.max(0, Math.min(last, place));
    this.draw();
    // What had the focus was drawn anew: without it the next key would reach nothing.
    (this.find(".offer[aria-checked=true]") ?? this.find(".close")).focus();
  }

  onKey(event) {
    event.stopPropagation();
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step !== undefined) this.choose(this.chosen + step);
    else if (event.key === "Enter") this.spread();
    else if (event.key === "Escape" || event.key === "s") this.close();
    else return;
    event.preventDefault();
  }

  spread() {
    const { card, classNo, offer } = this;
    if (offer === undefined) return;
    const items = this.found.candidates.slice(0, offer.n_items);
    this.close();
    this.onSpread(card, classNo, items, offer.expected_error);
  }

  close() {
    this.card = null;
    closeDialog(this.dialog);
  }
}
