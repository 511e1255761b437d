// A map of points: wheel and drag to look around, a lasso or a box to choose, a legend to hide.
// Only the line of the lasso is sent; which points it holds is counted where the corpus is.

const LEAST_STEP = 3; // CSS pixels between two corners of a lasso
const REACH = 8; // CSS pixels from the pointer to the point it names

class ScatterMap {
  constructor(root) {
    this.root = root;
    this.points = new Points(root.querySelector(".points"));
    this.line = root.querySelector(".line");
    this.tip = root.querySelector(".tip");
    this.message = root.querySelector(".message");
    this.hidden = new Set();
    this.corners = []; // of the lasso, on the map
    this.mode = "lasso";
    this.listen();
  }

  update(data, choose, askAgain) {
    const before = this.data;
    this.data = data;
    this.choose = choose;
    this.askAgain = askAgain;
    if (before?.colouring !== data.colouring) this.hidden.clear();
    this.drawLegend();
    if (before?.api !== data.api || before?.colouring_no !== data.colouring_no) this.load(before?.api !== data.api);
    else this.redraw();
  }

  async load(withPlaces) {
    const { api, n, colouring_no } = this.data;
    const turn = (this.turn = {});
    this.tell("loading ...");
    const wanted = [fetch(`${api}groups/${colouring_no}`)];
    if (withPlaces) wanted.push(fetch(`${api}points`));
    const replies = await Promise.all(wanted).catch(() => []);
    const buffers = await Promise.all(replies.filter((reply) => reply.ok).map((reply) => reply.arrayBuffer()));
    if (turn !== this.turn) return; // another colouring was asked for meanwhile
    if (buffers.length < wanted.length) {
      this.tell("the map could not be loaded");
      this.askAgain();
      return;
    }
    this.points.groupOf = new Uint8Array(buffers[0]);
    if (withPlaces) {
      this.points.itemNos = new Int32Array(buffers[1], 0, n);
      this.points.places = new Uint16Array(buffers[1], 4 * n, 2 * n);
    }
    this.tell(`${n.toLocaleString("en")} items`);
    this.recolour();
    this.root.dataset.drawn = api;
  }

  recolour() {
    const { groups, ordered } = this.data;
    this.points.pixels = groups.map((group, number) =>
      this.hidden.has(number) ? undefined : pixelOf(colourOf(group, ordered)));
    this.redraw();
  }

  redraw() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      this.points.draw();
      this.drawLine();
    });
  }

  drawLine() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.line;
    [this.line.width, this.line.height] = [width * ratio, height * ratio];
    if (this.corners.length < 2) return;
    const pen = this.line.getContext("2d");
    const style = getComputedStyle(this.root);
    pen.scale(ratio, ratio);
    pen.beginPath();
    for (const corner of this.corners) pen.lineTo(...this.points.toScreen(corner));
    pen.closePath();
    pen.fillStyle = pen.strokeStyle = style.color;
    pen.globalAlpha = 0.08;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.setLineDash([6, 4]);
    pen.stroke();
  }

  drawLegend() {
    const rows = this.data.groups.map((group, number) => {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: !this.hidden.has(number) });
      box.onchange = () => {
        if (box.checked) this.hidden.delete(number);
        else this.hidden.add(number);
        this.recolour();
      };
      const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
      swatch.style.background = colourOf(group, this.data.ordered);
      // Names come from outside: they are text, never markup.
      const name = Object.assign(document.createElement("span"), { className: "name", textContent: group.name, title: group.name });
      const count = Object.assign(document.createElement("span"), { className: "count", textContent: group.n.toLocaleString("en") });
      label.append(box, swatch, name, count);
      return label;
    });
    this.root.querySelector(".groups").replaceChildren(...rows);
  }

  listen() {
    const { line } = this;
    line.onpointerdown = (event) => event.button === 0 && this.begin(event);
    line.onpointermove = (event) => (this.from ? this.drag(event) : this.hover(event));
    line.onpointerup = (event) => this.from && this.end(event);
    line.onpointercancel = () => this.giveUp();
    line.onpointerleave = () => (this.tip.hidden = true);
    // Before others on the page that listen to the whole document, such as a review grid.
    this.onKey = (event) => event.composedPath()[0] === line && this.key(event);
    window.addEventListener("keydown", this.onKey, true);
    line.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.root.querySelector(".tools").onclick = (event) => this.tool(event.target.closest("button"));
    this.watcher = new ResizeObserver(() => this.redraw());
    this.watcher.observe(line);
  }

  stop() {
    this.watcher.disconnect();
    window.removeEventListener("keydown", this.onKey, true);
    cancelAnimationFrame(this.waiting);
  }

  begin(event) {
    this.line.setPointerCapture(event.pointerId);
    this.tip.hidden = true;
    this.from = this.last = [event.offsetX, event.offsetY];
    if (this.mode !== "pan") this.corners = [this.points.toMap(...this.from)];
  }

  drag(event) {
    const here = [event.offsetX, event.offsetY];
    const step = Math.hypot(here[0] - this.last[0], here[1] - this.last[1]);
    if (this.mode === "pan") {
      this.points.move(here[0] - this.last[0], here[1] - this.last[1]);
      this.last = here;
      this.redraw();
    } else if (this.mode === "box") {
      this.corners = this.box(this.from, here);
      this.redrawLine();
    } else if (step >= LEAST_STEP) {
      this.corners.push(this.points.toMap(...here));
      this.last = here;
      this.redrawLine();
    }
  }

  redrawLine() {
    this.waitingLine ??= requestAnimationFrame(() => {
      this.waitingLine = undefined;
      this.drawLine();
    });
  }

  end(event) {
    this.drag(event);
    this.from = undefined;
    if (this.mode === "pan") return;
    if (this.corners.length > 2) this.send();
    else this.giveUp();
    this.line.blur(); // the next key is for what was chosen
  }

  giveUp() {
    this.from = undefined;
    this.corners = [];
    this.redraw();
  }

  box([x1, y1], [x2, y2]) {
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]].map((corner) => this.points.toMap(...corner));
  }

  send() {
    // A long line has more corners than anybody can see.
    const every = Math.ceil(this.corners.length / 500);
    const polygon = this.corners.filter((_, number) => number % every === 0);
    const hidden = [...this.hidden];
    this.choose({ polygon, hidden, colouring: this.data.colouring });
    this.redraw();
  }

  hover(event) {
    const [x, y] = [event.offsetX, event.offsetY];
    this.naming ??= requestAnimationFrame(() => {
      this.naming = undefined;
      const point = this.points.nearest(x, y, REACH);
      this.tip.hidden = point < 0;
      if (point < 0) return;
      const group = this.data.groups[this.points.groupOf[point]];
      this.tip.textContent = `${group.name}, item ${this.points.itemNos[point]}`;
      this.tip.style.left = `${Math.min(x + 12, this.line.clientWidth - this.tip.offsetWidth - 4)}px`;
      this.tip.style.top = `${Math.min(y + 12, this.line.clientHeight - this.tip.offsetHeight - 4)}px`;
    });
  }

  wheel(event) {
    event.preventDefault();
    this.points.zoom(1.0015 ** event.deltaY, event.offsetX, event.offsetY);
    this.redraw();
  }

  key(event) {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const acts = { "+": "in", "=": "in", "-": "out", 0: "whole", Enter: "shown" };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps[event.key]) this.points.move(...steps[event.key]);
    else if (acts[event.key]) this.act(acts[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.redraw();
  }

  tool(button) {
    if (!button) return;
    if (button.dataset.act) this.act(button.dataset.act);
    else {
      this.mode = this.line.dataset.mode = button.dataset.mode;
      for (const other of this.root.querySelectorAll("[data-mode]"))
        if (other !== this.line) other.setAttribute("aria-pressed", String(other === button));
    }
  }

  act(name) {
    if (name === "in") this.points.zoom(0.7);
    else if (name === "out") this.points.zoom(1 / 0.7);
    else if (name === "whole") this.points.whole();
    else {
      this.corners = this.box([0, 0], [this.line.clientWidth, this.line.clientHeight]);
      this.send();
    }
    this.redraw();
  }

  tell(text) {
    this.message.textContent = text;
  }
}

// Streamlit calls this again after every rerun of the script; what is in view outlives that.
const maps = new WeakMap();

export default function mount({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".map");
  if (!maps.has(root)) maps.set(root, new ScatterMap(root));
  maps.get(root).update(
    data,
    (chosen) => setStateValue("chosen", chosen),
    () => setTriggerValue("stale", Date.now()),
  );
  return () => {
    maps.get(root)?.stop();
    maps.delete(root);
  };
}
