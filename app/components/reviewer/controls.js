// Keys, clicks and the page's comings and goings, turned into what the reviewer can do.

const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

class Controls {
  constructor(reviewer) {
    this.reviewer = reviewer;
    this.onKey = (event) => this.key(event);
    this.onHidden = () => document.visibilityState === "hidden" && reviewer.outbox.flush();
    this.onHide = () => reviewer.leave();
    // A page that the browser kept and brings back has given its items away.
    this.onBack = (event) => event.persisted && window.location.reload();
    document.addEventListener("keydown", this.onKey, true);
    document.addEventListener("visibilitychange", this.onHidden);
    window.addEventListener("pagehide", this.onHide);
    window.addEventListener("pageshow", this.onBack);
    const { root } = reviewer;
    root.onclick = (event) => this.click(event);
    // A button that kept the focus after a click would take the space bar for itself.
    root.onmousedown = (event) => event.target.closest("button") && event.preventDefault();
  }

  stop() {
    document.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("visibilitychange", this.onHidden);
    window.removeEventListener("pagehide", this.onHide);
    window.removeEventListener("pageshow", this.onBack);
  }

  key(event) {
    const target = event.composedPath()[0];
    const typing = target.matches?.("input, textarea, select, [contenteditable=true]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.reviewer.root.querySelector("dialog[open]") !== null) return; // it has its own keys
    const onButton = target.matches?.("button, [role=button], a");
    if (onButton && (event.key === "Enter" || event.key === " ")) return;
    const act = this.actOf(event);
    if (act === null) return;
    event.preventDefault();
    event.stopPropagation();
    // A key held down moves on, but must not answer items that nobody has looked at.
    if (!event.repeat || ARROWS.has(event.key)) act();
  }

  actOf(event) {
    const { reviewer } = this;
    if (ARROWS.has(event.key)) return () => this.move(event.key, event.shiftKey);
    const key = plainKey(event);
    const numbered = "123456789".indexOf(key);
    if (numbered >= 0) {
      const spec = reviewer.numbered?.[numbered];
      return spec === undefined ? null : () => reviewer.give(spec.no);
    }
    const name = reviewer.keys.actOf(key);
    return name === null ? null : () => reviewer.run(name);
  }

  click(event) {
    const button = event.target.closest("button");
    if (button?.dataset.classNo !== undefined) this.reviewer.give(Number(button.dataset.classNo));
    else if (button?.dataset.act !== undefined) this.reviewer.run(button.dataset.act);
  }

  // The mouse: one cell, with shift all up to it, with ctrl one more or one less.
  pick(place, event) {
    const { pages } = this.reviewer;
    if (event.shiftKey) {
      const [from, to] = [Math.min(pages.place, place), Math.max(pages.place, place)];
      for (let between = from; between <= to; between += 1) pages.selected.add(between);
    } else if (event.ctrlKey || event.metaKey) {
      if (pages.selected.size === 0) pages.selected.add(pages.place);
      if (!pages.selected.delete(place)) pages.selected.add(place);
    } else {
      pages.selected.clear();
    }
    pages.place = place;
    this.reviewer.drawItem();
  }

  // The arrows: to the next cell, or over the edge to the next page.
  move(key, selecting) {
    const { reviewer } = this;
    const { pages } = reviewer;
    const columns = reviewer.mode === "grid" ? reviewer.grid.columns : 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
    const place = pages.place + step;
    if (place < 0 || place >= pages.page.length) {
      const turns = Math.abs(step) === 1 && !selecting && (step > 0 || pages.number > 0);
      if (turns) reviewer.turn(step);
      return;
    }
    if (selecting) pages.selected.add(pages.place).add(place);
    else pages.selected.clear();
    reviewer.correction = null;
    pages.place = place;
    reviewer.drawItem();
  }
}

// Caps lock must not turn "accept" into "accept the page": only a held shift makes a capital.
function plainKey({ key, shiftKey }) {
  if (key.length !== 1) return key;
  return shiftKey ? key.toUpperCase() : key.toLowerCase();
}
