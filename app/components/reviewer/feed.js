// The cards to come: fetched ahead, leased to this tab, given back when it goes.

const FETCH = 48;
const AHEAD_PAGES = 3;
const RETRY_MS = 800;
const RENEW_MS = 120000;

class Feed {
  constructor({ pageSize, isKnown, onCards, onEnded }) {
    this.ahead = AHEAD_PAGES * pageSize;
    this.isKnown = isKnown; // items answered or laid out here: not to be shown again
    this.onCards = onCards;
    this.onEnded = onEnded; // the server no longer knows this page
    this.cards = [];
    this.api = null;
    this.holder = null;
    this.reset();
    this.renewing = setInterval(() => this.holder && this.giveBack([]), RENEW_MS);
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
    if (this.ended || this.fetching !== null || this.cards.length >= this.ahead) return;
    const fetching = (this.fetching = Symbol("cards"));
    try {
      this.holder = await tabName();
      const response = await fetch(`${this.api}next?n=${FETCH}&holder=${this.holder}`, {
        method: "POST",
      });
      if (response.status === SESSION_ENDED) this.onEnded();
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const { cards } = await response.json();
      if (this.fetching !== fetching) return; // another session began meanwhile
      this.take(cards);
    } catch (error) {
      if (this.fetching !== fetching) return;
      this.fetching = null;
      setTimeout(() => this.refill(), RETRY_MS);
    }
  }

  take(cards) {
    this.fetching = null;
    this.ended = cards.length === 0;
    this.cards.push(...cards.filter((card) => !this.isKnown(card.item_no)));
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

  // Also renews what stays. A page that is going away cannot wait for the answer.
  giveBack(cards) {
    return fetch(`${this.api}leases`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ holder: this.holder, release: cards.map((card) => card.item_no) }),
      keepalive: true,
    }).catch(() => {});
  }

  stop(open) {
    clearInterval(this.renewing);
    if (this.holder !== null) this.giveBack([...open, ...this.cards].slice(0, 400));
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
