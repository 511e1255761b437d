// What has been laid out: pages of slots, each with a card and the answer given to it here.

class Pages {
  constructor(pageSize) {
    this.pageSize = pageSize;
    this.pages = [];
    this.number = 0;
    this.place = 0; // of the slot that keys act on
    this.selected = new Set(); // further slots of this page that keys act on
    this.items = new Set(); // what lies on any page
  }

  get page() {
    return this.pages[this.number] ?? [];
  }

  get slot() {
    return this.page[this.place];
  }

  get isLast() {
    return this.number >= this.pages.length - 1;
  }

  // The slots that an act is for: those selected, else the one with the cursor.
  get chosen() {
    const places = this.selected.size ? [...this.selected].sort((a, b) => a - b) : [this.place];
    return places.map((place) => this.page[place]).filter((slot) => slot !== undefined);
  }

  // Fills the newest page, or begins it; a page that is full stays as it is.
  lay(cards) {
    if (this.pages.length === 0) this.pages.push([]);
    const newest = this.pages[this.pages.length - 1];
    const places = newest.length;
    while (newest.length < this.pageSize && cards.length > 0) {
      newest.push(this.slotFor(cards.shift()));
    }
    return newest.length > places;
  }

  begin(cards) {
    this.pages.push([]);
    this.lay(cards);
    this.turnTo(this.pages.length - 1);
  }

  turnTo(number) {
    this.number = Math.max(0, Math.min(number, this.pages.length - 1));
    this.selected.clear();
    this.place = Math.max(0, this.page.findIndex((slot) => slot.answer === null));
  }

  // The next slot without an answer after the cursor, else the first one, else -1.
  nextOpen() {
    const open = (slot) => slot.answer === null;
    const after = this.page.findIndex((slot, place) => place > this.place && open(slot));
    return after >= 0 ? after : this.page.findIndex(open);
  }

  find(itemNo) {
    for (let number = this.pages.length - 1; number >= 0; number -= 1) {
      const place = this.pages[number].findIndex((slot) => slot.card.item_no === itemNo);
      if (place >= 0) return { number, place };
    }
    return null;
  }

  // Puts a card under the cursor that is on no page, as after an undo that reaches over a reload.
  insert(card) {
    if (this.pages.length === 0) this.pages.push([]);
    this.page.splice(this.place, 0, this.slotFor(card));
  }

  slotFor(card) {
    this.items.add(card.item_no);
    return { card, answer: null, flagged: null };
  }

  get open() {
    return this.pages.flat().filter((slot) => slot.answer === null).map((slot) => slot.card);
  }
}
