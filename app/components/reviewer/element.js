// What a reviewer does becomes acts; an act goes into the outbox and what comes next is drawn at once.

const PRELOAD_LARGE = 12;
const MAX_UNDO = 200;
const ASK_AGAIN_MS = 3000;

class Reviewer {
  constructor(parent, data, askForSession) {
    this.data = data;
    this.askForSession = askForSession;
    this.askedAt = -Infinity;
    this.root = parent.querySelector(".review");
    this.storageKey = `${data.project}:${data.reviewer}`;
    this.nameOf = (no) => this.classOf?.get(no)?.name ?? `class ${no}`;
    this.keys = new KeyMap();
    this.panel = new Panel(this.root, this.keys);
    this.content = new Content({
      addressOf: (card, small) => `${this.data.api}picture/${card.item_no}${small ? "?small" : ""}`,
      highlight: data.highlight,
      nameOf: this.nameOf,
    });
    this.neighbours = new Neighbours(this.root, this.nameOf);
    this.pages = new Pages(data.page_size);
    this.grid = new Grid(this.root.querySelector(".grid"), {
      onPick: (place, event) => this.controls.pick(place, event),
    });
    this.outbox = new Outbox(`annotate:${this.storageKey}:event:`, {
      onChange: () => this.drawStatus(),
      onReceipt: (receipt) => this.follow(receipt.order_version),
      onEnded: () => this.renew(),
    });
    this.answered = new Set(); // items answered on this page: not shown again unless undone
    this.feed = new Feed({
      pageSize: data.page_size,
      isKnown: (item) => this.answered.has(item) || this.pages.items.has(item),
      openCards: () => this.pages.open,
      onCards: () => this.lay(),
      onLost: (items) => this.lose(items),
      onEnded: () => this.renew(),
    });
    this.search = new ClassSearch(this.root, (no) => this.give(no));
    this.help = new Help(this.root, this.keys, () => this.panel.nameActs());
    this.lookAlikes = new LookAlikes(this.root, {
      content: this.content,
      nameOf: this.nameOf,
      onSpread: (...spread) => this.spread(...spread),
    });
    this.history = this.loadHistory();
    this.recent = [];
    this.session = 0;
    this.correction = null; // the last act, if it was one that could be spread
    this.mode = data.mode;
    this.controls = new Controls(this);
    this.connect(data);
  }

  // Called again with a new address when the server was restarted or another queue was asked for.
  connect(data) {
    const before = this.data;
    const sameSession = before.api === data.api && this.feed.api !== null;
    this.data = data;
    if (sameSession) {
      if (before.mode !== data.mode) this.show(data.mode);
      return;
    }
    if (before.request !== data.request) {
      this.feed.giveBack([...this.pages.open, ...this.feed.cards]);
      this.pages = new Pages(data.page_size);
      this.answered.clear(); // another queue may ask for what was answered, to look at it
    }
    this.content.highlight = data.highlight;
    this.outbox.api = data.api;
    this.classOf = new Map(data.classes.map((spec) => [spec.no, spec]));
    // What this session's queue still counts as left although it was answered, or the reverse.
    this.uncounted = this.outbox.answeredItems();
    this.nReopened = 0;
    for (const item of this.uncounted) this.answered.add(item);
    this.version = data.order_version;
    this.feed.connect(data.api);
    this.outbox.sendSoon(0);
    this.show(data.mode);
    this.feed.refill();
  }

  // The server was restarted, or has forgotten this page: Streamlit alone would not notice.
  renew() {
    if (performance.now() - this.askedAt < ASK_AGAIN_MS) return;
    this.askedAt = performance.now();
    this.askForSession();
  }

  // What answers taught has put the queue into another order.
  follow(version) {
    if (version === undefined || version === this.version) return;
    this.version = version;
    this.feed.reorder(this.pages.pageSize);
  }

  leave() {
    this.outbox.flush();
    this.feed.giveBack([...this.pages.open, ...this.feed.cards]);
  }

  stop() {
    this.controls.stop();
    this.outbox.flush();
    this.feed.stop();
  }

  // New cards have come: the newest page is filled up, and seen if the person waits for one.
  lay() {
    const waits = this.pages.nextOpen() < 0;
    const filled = this.pages.lay(this.feed.cards);
    if (waits && filled && this.pages.isLast) this.pages.turnTo(this.pages.number);
    if (filled && this.pages.isLast) this.draw();
    else if (waits) this.goOn();
    this.preload();
  }

  // While this tab slept, others were handed some of its items.
  lose(items) {
    for (const slot of this.pages.pages.flat()) {
      if (items.has(slot.card.item_no) && slot.answer === null) {
        slot.answer = { kind: "lost", class_no: null };
      }
    }
    this.draw();
    this.goOn();
  }

  // To the next open slot, else to the next page, else says that nothing is left.
  goOn() {
    const place = this.pages.nextOpen();
    if (place >= 0) this.moveTo(place);
    else if (!this.pages.isLast) this.turn(1);
    else if (this.feed.cards.length > 0) this.turn(1);
    else this.drawNothing();
    this.feed.refill();
  }

  moveTo(place) {
    const redraw = this.root.querySelector("main").classList.contains("over");
    this.pages.place = place;
    if (redraw || (this.mode === "grid" && this.grid.cells.length !== this.pages.page.length)) {
      this.draw();
    } else {
      this.drawItem();
    }
  }

  turn(step) {
    if (step > 0 && this.pages.isLast) {
      if (this.feed.cards.length === 0) return;
      this.pages.begin(this.feed.cards);
    } else {
      this.pages.turnTo(this.pages.number + step);
    }
    this.draw();
    this.feed.refill();
    this.preload();
  }

  // Gives an answer to every chosen slot that `classOf` has a class (or null) for.
  answer(kindOf, classOf, slots = this.pages.chosen) {
    const able = slots.filter((slot) => classOf(slot) !== undefined);
    if (able.length === 0) return;
    const elapsed = Math.round(performance.now() - this.shownAt);
    const acts = able.map((slot) => {
      const class_no = classOf(slot);
      const kind = kindOf(slot);
      const id = this.outbox.add({
        item_no: slot.card.item_no, kind, class_no, undoes: null, shown: shownOn(slot.card),
        elapsed_ms: able.length === 1 ? elapsed : null,
      });
      slot.answer = { kind, class_no };
      this.count(slot.card.item_no);
      return { id, item_no: slot.card.item_no };
    });
    this.remember({ acts });
    const [only] = able;
    // An answer that measures must not become anybody's label.
    this.correction = able.length === 1 && only.answer.kind === "relabel" && !only.card.blind
      ? { card: only.card, classNo: only.answer.class_no } : null;
    this.pages.selected.clear();
    if (this.mode === "grid") this.grid.redraw(this.pages, able, this.nameOf);
    this.goOn();
  }

  count(itemNo) {
    this.uncounted.add(itemNo);
    this.answered.add(itemNo);
    this.session += 1;
  }

  remember(entry) {
    this.history.push(entry);
    if (this.history.length > MAX_UNDO) this.history.shift();
    this.saveHistory();
  }

  give(classNo) {
    if (this.pages.slot === undefined) return;
    this.recent = [classNo, ...this.recent.filter((no) => no !== classNo)].slice(0, MAX_NUMBERED);
    const agrees = ({ card }) => card.guesses[0]?.class_no === classNo;
    this.answer((slot) => (agrees(slot) ? "accept" : "relabel"), () => classNo);
  }

  suggested(kind, slots) {
    if (this.pages.slot?.card.guesses.length === 0 && this.pages.selected.size === 0) {
      this.panel.say("Nothing is suggested here: choose a class.");
    }
    this.answer(() => kind, ({ card }) => card.guesses[0]?.class_no, slots);
  }

  acceptPage() {
    this.suggested("accept", this.pages.page.filter((slot) => slot.answer === null));
  }

  flag() {
    const { slot } = this.pages;
    if (slot === undefined) return;
    const act = { item_no: slot.card.item_no, class_no: null, shown: null, elapsed_ms: null };
    if (slot.flagged === null) {
      slot.flagged = this.outbox.add({ ...act, kind: "flag", undoes: null });
      this.remember({ acts: [{ id: slot.flagged, item_no: act.item_no, flag: true }] });
    } else {
      this.outbox.add({ ...act, kind: "undo", undoes: slot.flagged });
      this.history = this.history.filter((entry) => entry.acts[0].id !== slot.flagged);
      this.saveHistory();
      slot.flagged = null;
    }
    if (this.mode === "grid") this.grid.redraw(this.pages, [slot], this.nameOf);
    this.drawItem();
  }

  spread(card, classNo, items, expectedError) {
    const id = this.outbox.add({
      item_no: card.item_no, kind: "spread", class_no: classNo, items, undoes: null, shown: null,
      elapsed_ms: null, expected_error: expectedError,
    });
    const places = items.map((item) => this.pages.find(item)).filter((found) => found !== null);
    for (const { number, place } of places) {
      const slot = this.pages.pages[number][place];
      if (slot.answer === null) slot.answer = { kind: "spread", class_no: classNo };
    }
    for (const item of items) this.count(item);
    this.feed.cards = this.feed.cards.filter((other) => !this.answered.has(other.item_no));
    this.remember({ acts: [{ id, item_no: card.item_no, items }] });
    this.correction = null;
    this.draw();
    this.goOn();
  }

  async undo() {
    const last = this.history.pop();
    if (last === undefined) return;
    this.saveHistory();
    this.correction = null;
    for (const act of last.acts) {
      this.outbox.add({
        item_no: act.item_no, kind: act.items ? "unspread" : "undo", class_no: null,
        undoes: act.id, shown: null, elapsed_ms: null,
      });
      if (act.flag) this.unflag(act.item_no);
      else for (const item of act.items ?? [act.item_no]) this.reopen(item);
    }
    const [first] = last.acts;
    if (first.items) this.draw();
    else await this.returnTo(first.item_no);
  }

  reopen(itemNo) {
    if (!this.uncounted.delete(itemNo)) this.nReopened += 1;
    this.answered.delete(itemNo);
    this.session = Math.max(0, this.session - 1);
    const found = this.pages.find(itemNo);
    if (found !== null) this.pages.pages[found.number][found.place].answer = null;
  }

  unflag(itemNo) {
    const found = this.pages.find(itemNo);
    if (found !== null) this.pages.pages[found.number][found.place].flagged = null;
  }

  async returnTo(itemNo) {
    const found = this.pages.find(itemNo);
    if (found !== null) {
      this.pages.turnTo(found.number);
      this.pages.place = found.place;
    } else {
      const card = await this.fetchCard(itemNo);
      if (card !== null) this.pages.insert(card);
    }
    this.draw();
  }

  // After a reload the history holds numbers only; the card itself comes from the server.
  async fetchCard(itemNo) {
    try {
      const response = await fetch(`${this.data.api}card/${itemNo}`);
      return response.ok ? await response.json() : null;
    } catch (error) {
      this.panel.say("Undone; the item will come again when the server answers.");
      return null;
    }
  }

  run(name) {
    ({
      accept: () => this.suggested("accept"),
      reject: () => this.suggested("reject"),
      skip: () => this.answer(() => "skip", () => null),
      flag: () => this.flag(),
      undo: () => this.undo(),
      search: () => this.pages.slot && this.search.open(this.data.classes),
      similar: () => this.openLookAlikes(),
      acceptPage: () => this.acceptPage(),
      other: () => this.show(this.mode === "grid" ? "one" : "grid"),
      nextPage: () => this.turn(1),
      lastPage: () => this.turn(-1),
      help: () => this.help.toggle(),
    })[name]();
  }

  openLookAlikes() {
    const { correction } = this;
    if (correction !== null) this.lookAlikes.open(this.data.api, correction.card, correction.classNo);
    else if (this.pages.slot) this.lookAlikes.open(this.data.api, this.pages.slot.card, null);
  }

  show(mode) {
    this.mode = mode;
    this.root.dataset.mode = mode;
    ACT_NAMES.other = mode === "grid" ? "One at a time" : "Grid";
    this.panel.nameActs();
    this.draw();
  }

  draw() {
    if (this.pages.slot === undefined) {
      this.drawNothing();
      return;
    }
    if (this.mode === "grid") this.grid.draw(this.pages, this.content, this.nameOf);
    this.drawItem();
    this.preload();
  }

  // What changes when the cursor moves: the ring in the grid, or the item itself, and the panel.
  drawItem() {
    const { slot } = this.pages;
    if (slot === undefined) return;
    this.numbered = numberedClasses(this.data.classes, slot.card, this.recent);
    if (this.mode === "grid") this.grid.mark(this.pages);
    else this.root.querySelector(".stage").replaceChildren(...this.content.large(slot.card));
    this.panel.drawItem(slot, this.numbered, this.nameOf);
    this.neighbours.show(this.data.api, slot.card);
    this.shownAt = performance.now();
    this.drawStatus();
  }

  drawNothing() {
    this.numbered = [];
    if (this.feed.ended) {
      this.panel.drawNothing("All done: nothing in this queue needs an answer from you.", {
        name: "Look for more",
        run: () => {
          this.feed.ended = false;
          this.feed.refill();
        },
      });
    } else {
      this.panel.drawNothing("Fetching items …", { name: "Try again", run: () => this.feed.refill() });
    }
    this.drawStatus();
  }

  drawStatus() {
    const answered = this.uncounted.size - this.nReopened;
    const left = Math.max(0, this.data.left - answered);
    const done = Math.max(0, this.data.done + answered);
    this.panel.drawHeader(this.data, { done, left, session: this.session });
    this.panel.drawSaved(this.outbox);
    this.panel.drawRefused(this.outbox.refused, this.nameOf);
    this.panel.drawPageNumber(this.pages, this.feed.ended && this.feed.cards.length === 0);
    this.panel.offerSpread(this.correction, this.nameOf);
    this.root.querySelector("[data-act=undo]").disabled = this.history.length === 0;
    this.root.querySelector("[data-act=acceptPage]").disabled = !this.pages.page.some(
      ({ card, answer }) => answer === null && card.guesses.length > 0,
    );
  }

  preload() {
    const { feed, pages } = this;
    for (const card of feed.cards.slice(0, pages.pageSize * 2)) {
      if (card.modality === "image") this.content.preload(this.content.addressOf(card, true));
    }
    if (this.mode === "grid") return;
    const coming = pages.page.slice(pages.place + 1).map((slot) => slot.card);
    for (const card of [...coming, ...feed.cards].slice(0, PRELOAD_LARGE)) {
      if (card.modality === "image") this.content.preload(this.content.addressOf(card, false));
    }
  }

  loadHistory() {
    try {
      return JSON.parse(sessionStorage.getItem(`annotate:${this.storageKey}:history`) ?? "[]");
    } catch (error) {
      return []; // storage is forbidden: undo then reaches back to the last reload
    }
  }

  saveHistory() {
    try {
      const text = JSON.stringify(this.history);
      sessionStorage.setItem(`annotate:${this.storageKey}:history`, text);
    } catch (error) {
      this.outbox.keptOnDisk = false;
    }
  }
}

function shownOn(card) {
  const [best] = card.guesses;
  return {
    class_no: best?.class_no ?? null,
    confidence: best?.confidence ?? null,
    teacher: card.source,
    prediction_id: card.prediction_id,
    blind: card.blind,
  };
}

// Streamlit calls this again after every rerun of the script; the reviewer's state outlives that.
const reviewers = new WeakMap();

export default function mount({ parentElement, data, setTriggerValue }) {
  const askForSession = () => setTriggerValue("session_ended", Date.now());
  const root = parentElement.querySelector(".review");
  const reviewer = reviewers.get(root);
  if (reviewer === undefined) {
    reviewers.set(root, new Reviewer(parentElement, data, askForSession));
  } else {
    reviewer.askForSession = askForSession;
    reviewer.connect(data);
  }
  return () => {
    reviewers.get(root)?.stop();
    reviewers.delete(root);
  };
}
