// Finds one class among many by typing a part of its name.

class ClassSearch {
  constructor(root, onChoose) {
    this.dialog = root.querySelector("dialog.search");
    this.input = this.dialog.querySelector("input");
    this.list = this.dialog.querySelector("ul");
    this.onChoose = onChoose;
    this.classes = [];
    this.found = [];
    this.place = 0;
    this.input.oninput = () => this.update();
    this.input.onkeydown = (event) => this.onKey(event);
    this.list.onclick = (event) => {
      const option = event.target.closest("li");
      if (option) this.choose(Number(option.dataset.place));
    };
  }

  open(classes) {
    this.classes = classes;
    this.input.value = "";
    this.update();
    this.dialog.showModal();
    this.input.focus();
  }

  update() {
    this.found = searchClasses(this.classes, this.input.value, 50);
    this.place = 0;
    this.list.replaceChildren(...this.found.map((spec, place) => {
      const option = element("li", "");
      option.id = `found-${place}`;
      option.role = "option";
      option.dataset.place = place;
      option.append(element("bdi", "", spec.name), element("span", "note", spec.description));
      return option;
    }));
    if (this.found.length === 0) this.list.replaceChildren(element("li", "note", "No such class"));
    this.mark();
  }

  mark() {
    for (const option of this.list.querySelectorAll("[role=option]")) {
      const chosen = Number(option.dataset.place) === this.place;
      option.setAttribute("aria-selected", chosen);
      if (chosen) option.scrollIntoView({ block: "nearest" });
    }
    this.input.setAttribute("aria-activedescendant", `found-${this.place}`);
  }

  onKey(event) {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      const last = Math.max(0, this.found.length - 1);
      this.place = Math.min(last, Math.max(0, this.place + step));
      this.mark();
    } else if (event.key === "Enter") {
      this.choose(this.place);
    } else if (event.key === "Escape") {
      this.close();
    } else {
      return;
    }
    event.preventDefault();
  }

  choose(place) {
    const spec = this.found[place];
    if (spec === undefined) return;
    this.close();
    this.onChoose(spec.no);
  }

  close() {
    closeDialog(this.dialog);
  }
}
