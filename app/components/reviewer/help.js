// The list of keys, in which each can be changed.

class Help {
  constructor(root, keys, onChange) {
    this.dialog = root.querySelector("dialog.help");
    this.keys = keys;
    this.onChange = onChange;
    this.waiting = null; // the act that gets the next key
    this.dialog.querySelector(".close").onclick = () => this.toggle();
    this.dialog.querySelector(".reset").onclick = () => {
      this.keys.reset();
      this.changed();
    };
    this.dialog.onkeydown = (event) => this.onKey(event);
  }

  toggle() {
    this.waiting = null;
    if (this.dialog.open) {
      closeDialog(this.dialog);
      return;
    }
    this.draw();
    this.dialog.showModal();
  }

  draw() {
    this.dialog.querySelector("dl").replaceChildren(
      ...Object.keys(this.keys.keys).flatMap((act) => {
        const button = element("button", "key", this.waiting === act ? "press a key" : this.keys.nameOf(act));
        button.type = "button";
        button.dataset.keyOf = act;
        button.title = "change this key";
        button.onclick = () => {
          this.waiting = act;
          this.draw();
          this.dialog.querySelector(`[data-key-of=${act}]`).focus();
        };
        const term = element("dt", "");
        term.append(button);
        return [term, element("dd", "", ACT_TEXTS[act])];
      }),
    );
  }

  changed() {
    this.waiting = null;
    this.draw();
    this.onChange();
  }

  onKey(event) {
    event.stopPropagation();
    if (this.waiting !== null && event.key !== "Shift") {
      event.preventDefault();
      if (event.key === "Escape") this.waiting = null;
      else this.keys.change(this.waiting, plainKey(event));
      this.changed();
    } else if (event.key === "Escape" || this.keys.actOf(plainKey(event)) === "help") {
      event.preventDefault();
      this.toggle();
    }
  }
}
