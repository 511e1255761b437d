// The cards to come: fetched ahead, leased to this tab, given back when it goes.

const FETCH = 48;
const AHEAD_PAGES = 3;
const RETRY_MS = 800;
const RENEW_MS = 120000;
const MOST_ITEMS = 400; // in one request; the server refuses many more

class Feed {
  constructor({ pageSize, isKnown, openCards, onCards, onLost, onEnded }) {
    this.ahead = AHEAD_PAGES * pageSize;
    this.isKnown = isKnown; // items answered or laid out here: not to be shown again
    this.openCards = openCards; // those laid out that have no answer
    this.onCards = onCards;
    this.onLost = onLost; // others got some of this tab's items while it slept
    this.onEnded = onEnded; // the server no longer knows this page
    this.cards = [];
    this.api = null;
    this.holder = null;
    this.stopped = false;
    this.reset();
    this.renewing = setInterval(() => this.keep(), RENEW_MS);
  }

  reset() {
    this.ended = false;
    this.fetching = null;
  }

  connect(api) {
    this.api = api;
    this.cards = [];
    this.reset();
  }

  async refill() {
    if (this.stopped || this.ended || this.fetching !== null) return;
    if (this.cards.length >= this.ahead) return;
    const fetching = (this.fetching = Symbol("cards"));
    try {
      this.holder = await tabName();
      const response = await fetch(`${this.api}next?n=${FETCH}&holder=${this.holder}`, {
        method: "POST",
      });
      if (response.status === SESSION_ENDED) this.onEnded();
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const { cards } = await response.json();
      // Another order or queue was asked for meanwhile: what came is leased, and goes back.
      if (this.fetching !== fetching || this.stopped) this.giveBack(cards);
      else this.take(cards);
    } catch (error) {
      if (this.fetching !== fetching) return;
      this.fetching = null;
      if (!this.stopped) setTimeout(() => this.refill(), RETRY_MS);
    }
  }

  take(cards) {
    this.fetching = null;
    this.ended = cards.length === 0;
    const here = new Set(this.cards.map((card) => card.item_no));
    this.cards.push(
      ...cards.filter(({ item_no }) => !this.isKnown(item_no) && !here.has(item_no)),
    );
    this.onCards();
    this.refill();
  }

  // The order has changed: all but the next page goes back and comes again in the new one.
  reorder(keep) {
    const returned = this.cards.splice(keep);
    this.fetching = null;
    this.ended = false;
    this.giveBack(returned).then(() => this.refill());
  }

  // Renews the leases of all that lies here, and learns what others got meanwhile.
  async keep() {
    if (this.holder === null || this.stopped) return;
    const items = [...this.openCards(), ...this.cards].map((card) => card.item_no);
    for (let start = 0; start < items.length; start += MOST_ITEMS) {
      const reply = await this.tell({ keep: items.slice(start, start + MOST_ITEMS), release: [] });
      const lost = new Set(reply?.lost ?? []);
      this.cards = this.cards.filter((card) => !lost.has(card.item_no));
      if (lost.size > 0) this.onLost(lost);
    }
  }

  // A page that is going away cannot wait for the answers.
  giveBack(cards) {
    if (this.holder === null) return Promise.resolve();
    const items = cards.map((card) => card.item_no);
    const told = [];
    for (let start = 0; start < items.length; start += MOST_ITEMS) {
      told.push(this.tell({ keep: [], release: items.slice(start, start + MOST_ITEMS) }));
    }
    return Promise.all(told);
  }

  async tell(items) {
    try {
      const response = await fetch(`${this.api}leases`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ holder: this.holder, ...items }),
        keepalive: true,
      });
      return response.ok ? await response.json() : null;
    } catch (error) {
      return null; // leases run out by themselves
    }
  }

  stop() {
    this.stopped = true;
    clearInterval(this.renewing);
    this.giveBack([...this.openCards(), ...this.cards]);
  }
}

// A tab keeps its name over a reload, so that its own leases do not stand in its way. A copied tab
// brings the name along: the lock tells that another tab has it.
const TAB = Symbol.for("annotate.tab");

function tabName() {
  globalThis[TAB] ??= nameTab();
  return globalThis[TAB];
}

async function nameTab() {
  try {
    const earlier = sessionStorage.getItem("annotate:tab");
    if (earlier !== null && (await holdName(earlier))) return earlier;
    const fresh = newClientId();
    await holdName(fresh);
    sessionStorage.setItem("annotate:tab", fresh);
    return fresh;
  } catch (error) {
    return newClientId(); // storage is forbidden: each load counts as another tab
  }
}

function holdName(name) {
  if (navigator.locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(`annotate:${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    });
  });
}
