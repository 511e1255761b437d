// Keeps every answer in this browser until the server has said that it is on disk.
//
// Each event has a key of its own in localStorage, so two tabs never overwrite each other's, and
// whatever a closed tab left behind is sent by the next one. Sending an event twice is harmless: the
// server stores an id once.

const RESEND_MS = 600;
const SEND_AFTER_MS = 40; // lets the next card be painted first, and gathers a burst
const MAX_BATCH = 200;
const SESSION_ENDED = 403;
const MAX_BEACON_BYTES = 60000; // browsers refuse more in a request that outlives its page

class Outbox {
  constructor(prefix, { onChange, onReceipt, onEnded }) {
    this.prefix = prefix;
    this.onChange = onChange;
    this.onReceipt = onReceipt;
    this.onEnded = onEnded;
    this.api = null;
    this.clientId = newClientId();
    this.seq = 0;
    this.pending = new Map();
    this.refused = [];
    this.nStored = 0;
    this.failedSince = null;
    this.keptOnDisk = true;
    this.sending = false;
    this.timer = null;
    this.loadLeftBehind();
  }

  loadLeftBehind() {
    const found = [];
    try {
      for (let i = 0; i < localStorage.length; i += 1) {
        const key = localStorage.key(i);
        if (key.startsWith(this.prefix)) {
          found.push(JSON.parse(localStorage.getItem(key)));
        }
      }
    } catch (error) {
      this.keptOnDisk = false;
    }
    found.sort((a, b) => (a.client_id === b.client_id ? a.seq - b.seq : a.at < b.at ? -1 : 1));
    for (const event of found) {
      this.pending.set(eventId(event), event);
    }
  }

  add(act) {
    this.seq += 1;
    const event = { client_id: this.clientId, seq: this.seq, at: new Date().toISOString(), ...act };
    this.pending.set(eventId(event), event);
    try {
      localStorage.setItem(this.prefix + eventId(event), JSON.stringify(event));
    } catch (error) {
      this.keptOnDisk = false; // storage is full or forbidden: the status line says so
    }
    this.onChange();
    this.sendSoon(this.failedSince === null ? SEND_AFTER_MS : RESEND_MS);
    return eventId(event);
  }

  drop(id) {
    if (!this.pending.delete(id)) return;
    try {
      localStorage.removeItem(this.prefix + id);
    } catch (error) {
      this.keptOnDisk = false;
    }
  }

  sendSoon(delayMs) {
    if (this.timer === null && !this.sending && this.pending.size > 0) {
      this.timer = setTimeout(() => this.send(), delayMs);
    }
  }

  async send() {
    this.timer = null;
    if (this.sending || this.pending.size === 0) return;
    this.sending = true;
    const events = [...this.pending.values()].slice(0, MAX_BATCH);
    try {
      const response = await fetch(this.api + "events", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ events }),
        signal: AbortSignal.timeout(15000),
      });
      if (response.status === SESSION_ENDED) this.onEnded();
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      this.settle(await response.json());
      this.failedSince = null;
    } catch (error) {
      this.failedSince = this.failedSince ?? performance.now();
    }
    this.sending = false;
    this.onChange();
    this.sendSoon(this.failedSince === null ? 0 : RESEND_MS);
  }

  settle(receipt) {
    for (const id of receipt.acked) {
      if (this.pending.has(id)) this.nStored += 1;
      this.drop(id);
    }
    for (const [id, reason] of Object.entries(receipt.refused)) {
      const event = this.pending.get(id);
      if (event) this.refused.push({ event, reason });
      this.drop(id);
    }
    this.onReceipt(receipt);
  }

  // The page may be gone before an answer comes: the events stay in localStorage as well.
  flush() {
    if (this.pending.size === 0) return;
    let events = [...this.pending.values()].slice(0, MAX_BATCH);
    let body = JSON.stringify({ events });
    while (body.length > MAX_BEACON_BYTES && events.length > 1) {
      events = events.slice(0, events.length / 2);
      body = JSON.stringify({ events });
    }
    fetch(this.api + "events", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      keepalive: true,
    }).then(
      async (response) => response.ok && (this.settle(await response.json()), this.onChange()),
      () => this.sendSoon(RESEND_MS),
    );
  }

  // Items that need not be shown again: answered here, and the answer still on its way.
  answeredItems() {
    const answered = new Set();
    for (const event of this.pending.values()) {
      const items = event.items ?? [event.item_no];
      if (event.kind === "undo") answered.delete(event.item_no);
      else if (!["flag", "unspread"].includes(event.kind)) items.forEach((item) => answered.add(item));
    }
    return answered;
  }
}

function eventId(event) {
  return `${event.client_id}:${event.seq}`;
}

function newClientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
