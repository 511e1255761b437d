// Keys and clicks become acts; an act goes into the outbox and the next card is drawn at once.

const PAGE = 48;
const REFILL_BELOW = 96;
const PRELOAD = 12;
const MAX_UNDO = 200;
const RETRY_MS = 800;
const ASK_AGAIN_MS = 3000;

class Reviewer {
  constructor(parent, data, askForSession) {
    this.data = data;
    this.askForSession = askForSession;
    this.askedAt = -Infinity;
    this.root = parent.querySelector(".review");
    this.view = new View(this.root);
    this.storageKey = `${data.project}:${data.reviewer}`;
    this.outbox = new Outbox(`annotate:${this.storageKey}:event:`, {
      onChange: () => this.drawStatus(),
      onEnded: () => this.renew(),
    });
    this.search = new ClassSearch(this.root, (no) => this.give(no));
    this.help = this.root.querySelector("dialog.help");
    this.cards = []; // the card on screen first, then those to come
    this.history = this.loadHistory();
    this.recent = [];
    this.session = 0;
    this.acted = new Set(); // items answered on this page: never shown again unless undone
    this.listen();
    this.connect(data);
  }

  // Called again with a new address when the server was restarted or the order was changed.
  connect(data) {
    const sameSession = this.data.api === data.api && this.outbox.api !== null;
    this.data = data;
    if (sameSession) return;
    this.outbox.api = data.api;
    this.names = new Map(data.classes.map((spec) => [spec.no, spec.name]));
    // What this session's queue still counts as left although it was answered, or the reverse.
    this.answered = this.outbox.answeredItems();
    this.nReopened = 0;
    for (const item of this.answered) this.acted.add(item);
    this.next = 0;
    this.ended = false;
    this.cards = this.cards.slice(0, 1); // what a person is looking at does not jump away
    this.fetching = null;
    this.outbox.sendSoon(0);
    this.draw();
    this.refill();
  }

  // The server was restarted, or has forgotten this page: Streamlit alone would not notice.
  renew() {
    if (performance.now() - this.askedAt < ASK_AGAIN_MS) return;
    this.askedAt = performance.now();
    this.askForSession();
  }

  listen() {
    this.onKey = (event) => this.key(event);
    this.onLeave = () => document.visibilityState === "hidden" && this.outbox.flush();
    this.onHide = () => this.outbox.flush();
    document.addEventListener("keydown", this.onKey, true);
    document.addEventListener("visibilitychange", this.onLeave);
    window.addEventListener("pagehide", this.onHide);
    this.root.onclick = (event) => this.click(event);
    // A button that kept the focus after a click would take the space bar for itself.
    this.root.onmousedown = (event) => event.target.closest("button") && event.preventDefault();
    this.root.querySelector(".help-button").onclick = () => this.toggleHelp();
    this.help.querySelector(".close").onclick = () => this.toggleHelp();
  }

  stop() {
    document.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("visibilitychange", this.onLeave);
    window.removeEventListener("pagehide", this.onHide);
    this.outbox.flush();
  }

  async refill() {
    if (this.ended || this.fetching !== null || this.cards.length >= REFILL_BELOW) return;
    const api = this.data.api;
    const fetching = (this.fetching = Symbol("page"));
    try {
      const response = await fetch(`${api}page?start=${this.next}&n=${PAGE}`);
      if (response.status === SESSION_ENDED) this.renew();
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const page = await response.json();
      if (this.fetching !== fetching) return; // another session began meanwhile
      this.take(page);
    } catch (error) {
      if (this.fetching !== fetching) return;
      this.fetching = null;
      setTimeout(() => this.refill(), RETRY_MS);
    }
  }

  take(page) {
    this.fetching = null;
    this.next += page.cards.length;
    this.ended = this.next >= page.total;
    const wasEmpty = this.cards.length === 0;
    const here = new Set(this.cards.map((card) => card.item_no));
    for (const card of page.cards) {
      if (!this.acted.has(card.item_no) && !here.has(card.item_no)) this.cards.push(card);
    }
    if (wasEmpty) this.draw();
    this.preload();
    this.refill();
  }

  act(kind, classNo) {
    const [card] = this.cards;
    if (card === undefined) return;
    const id = this.outbox.add({
      item_no: card.item_no,
      kind,
      class_no: classNo,
      undoes: null,
      shown: shownOn(card),
      elapsed_ms: Math.round(performance.now() - this.shownAt),
    });
    this.history.push({ id, item_no: card.item_no, card });
    if (this.history.length > MAX_UNDO) this.history.shift();
    this.saveHistory();
    this.answered.add(card.item_no);
    this.acted.add(card.item_no);
    this.session += 1;
    this.cards.shift();
    this.draw();
    this.refill();
  }

  give(classNo) {
    const [card] = this.cards;
    if (card === undefined) return;
    this.recent = [classNo, ...this.recent.filter((no) => no !== classNo)].slice(0, MAX_NUMBERED);
    const agrees = card.guesses.length > 0 && card.guesses[0].class_no === classNo;
    this.act(agrees ? "accept" : "relabel", classNo);
  }

  accept() {
    const [card] = this.cards;
    if (card?.guesses.length) this.act("accept", card.guesses[0].class_no);
    else if (card) this.view.say("Nothing is suggested here: choose a class.");
  }

  reject() {
    const [card] = this.cards;
    if (card?.guesses.length) this.act("reject", card.guesses[0].class_no);
  }

  async undo() {
    const last = this.history.pop();
    if (last === undefined) return;
    this.saveHistory();
    this.outbox.add({
      item_no: last.item_no, kind: "undo", class_no: null, undoes: last.id, shown: null,
      elapsed_ms: null,
    });
    if (!this.answered.delete(last.item_no)) this.nReopened += 1;
    this.acted.delete(last.item_no);
    this.session = Math.max(0, this.session - 1);
    const card = last.card ?? (await this.fetchCard(last.item_no));
    if (card === null) return;
    this.cards = [card, ...this.cards.filter((other) => other.item_no !== last.item_no)];
    this.draw();
  }

  // After a reload the history holds numbers only; the card itself comes from the server.
  async fetchCard(itemNo) {
    try {
      const response = await fetch(`${this.data.api}card/${itemNo}`);
      return response.ok ? await response.json() : null;
    } catch (error) {
      this.view.say("Undone; the item will come again when the server answers.");
      return null;
    }
  }

  key(event) {
    const target = event.composedPath()[0];
    const typing = target.matches?.("input, textarea, select, [contenteditable=true]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.search.dialog.open || (this.help.open && !["?", "Escape"].includes(event.key))) return;
    const onButton = target.matches?.("button, [role=button], a");
    if (onButton && (event.key === "Enter" || event.key === " ")) return;
    const act = this.actOf(event.key);
    if (act === null) return;
    event.preventDefault();
    event.stopPropagation();
    // A key held down must not answer items that nobody has looked at.
    if (!event.repeat) act();
  }

  actOf(key) {
    const numbered = "123456789".indexOf(key);
    if (numbered >= 0) {
      const spec = this.numbered?.[numbered];
      return spec === undefined ? null : () => this.give(spec.no);
    }
    return {
      a: () => this.accept(),
      Enter: () => this.accept(),
      x: () => this.reject(),
      " ": () => this.act("skip", null),
      z: () => this.undo(),
      "/": () => this.openSearch(),
      "?": () => this.toggleHelp(),
      Escape: this.help.open ? () => this.toggleHelp() : undefined,
    }[key] ?? null;
  }

  click(event) {
    const button = event.target.closest("button");
    if (button?.dataset.classNo !== undefined) this.give(Number(button.dataset.classNo));
    const acts = { accept: "a", reject: "x", skip: " ", undo: "z", search: "/" };
    if (button?.dataset.act !== undefined) this.actOf(acts[button.dataset.act])();
  }

  openSearch() {
    if (this.cards.length > 0) this.search.open(this.data.classes);
  }

  toggleHelp() {
    if (!this.help.open) {
      this.help.showModal();
      return;
    }
    this.help.querySelector(".close").blur(); // else it would take the next space bar
    this.help.close();
  }

  draw() {
    const [card] = this.cards;
    this.numbered = [];
    if (card !== undefined) {
      this.numbered = numberedClasses(this.data.classes, card, this.recent);
      const nameOf = (no) => this.names.get(no) ?? `class ${no}`;
      this.view.drawCard(card, this.pictureAddress(card), this.numbered, nameOf);
      this.shownAt = performance.now();
      this.preload();
    } else if (this.ended) {
      this.view.drawNothing("All done: nothing in this queue needs an answer.", {
        name: "Look for more",
        run: () => window.location.reload(),
      });
    } else {
      this.view.drawNothing("Fetching items …", { name: "Try again", run: () => this.refill() });
    }
    this.root.querySelector("[data-act=undo]").disabled = this.history.length === 0;
    this.drawStatus();
  }

  drawStatus() {
    const answered = this.answered.size - this.nReopened;
    const left = Math.max(0, this.data.total - answered);
    const done = Math.max(0, this.data.done + answered);
    this.view.drawHeader(this.data, { done, left, session: this.session });
    this.view.drawSaved(this.outbox);
    this.view.drawRefused(this.outbox.refused, (no) => this.names.get(no) ?? `class ${no}`);
  }

  pictureAddress(card) {
    return `${this.data.api}picture/${card.item_no}`;
  }

  preload() {
    for (const card of this.cards.slice(1, 1 + PRELOAD)) {
      if (card.modality === "image") this.view.preload(this.pictureAddress(card));
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
    const numbers = this.history.map(({ id, item_no }) => ({ id, item_no }));
    try {
      sessionStorage.setItem(`annotate:${this.storageKey}:history`, JSON.stringify(numbers));
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
