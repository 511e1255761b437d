// Which key does what. A person may give an act another key; this browser remembers it.

const DEFAULT_KEYS = {
  accept: "a", reject: "x", skip: " ", flag: "f", undo: "z", search: "/", similar: "s",
  acceptPage: "A", other: "v", nextPage: "PageDown", lastPage: "PageUp", help: "?",
};
const ALSO = { Enter: "accept", l: "search", L: "search" };
const KEY_NAMES = { " ": "space", PageDown: "page ↓", PageUp: "page ↑", A: "⇧A" };
const NOT_FREE = /^([1-9]|Enter|Escape|Tab|Shift|Control|Alt|Meta|Arrow.*)$/;

class KeyMap {
  constructor() {
    this.keys = { ...DEFAULT_KEYS };
    try {
      const own = JSON.parse(localStorage.getItem("annotate:keys") ?? "{}");
      for (const [act, key] of Object.entries(own)) if (act in this.keys) this.keys[act] = key;
    } catch (error) {
      // Nothing readable is remembered: the keys stay as they are for everybody.
    }
  }

  actOf(key) {
    const found = Object.entries(this.keys).find((pair) => pair[1] === key);
    return found?.[0] ?? ALSO[key] ?? null;
  }

  nameOf(act) {
    return KEY_NAMES[this.keys[act]] ?? this.keys[act];
  }

  // Gives an act another key; whatever had that key gets the old one, so that no act loses its own.
  change(act, key) {
    if (NOT_FREE.test(key)) return false;
    const holder = Object.keys(this.keys).find((other) => this.keys[other] === key);
    if (holder) this.keys[holder] = this.keys[act];
    this.keys[act] = key;
    this.remember();
    return true;
  }

  reset() {
    this.keys = { ...DEFAULT_KEYS };
    this.remember();
  }

  remember() {
    try {
      localStorage.setItem("annotate:keys", JSON.stringify(this.keys));
    } catch (error) {
      // Storage is full or forbidden: the keys hold until the page is closed.
    }
  }
}
