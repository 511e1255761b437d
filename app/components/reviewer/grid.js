// The page as a grid of cells. An act changes the cells it is about and no others.

const MARKS = {
  accept: "✓", relabel: "✎", reject: "✗", skip: "↷", spread: "≈",
};

class Grid {
  constructor(root, { onPick }) {
    this.root = root;
    this.cells = [];
    root.onpointerdown = (event) => {
      const cell = event.target.closest(".cell");
      if (cell === null) return;
      event.preventDefault();
      onPick(this.cells.indexOf(cell), event);
    };
  }

  draw(pages, content, nameOf) {
    this.root.replaceChildren(); // lets go of the pictures that the new cells take
    this.cells = pages.page.map((slot, place) => this.cell(slot, place, content, nameOf));
    this.root.replaceChildren(...this.cells);
    this.mark(pages);
  }

  cell(slot, place, content, nameOf) {
    const cell = element("div", "cell");
    cell.role = "option";
    cell.id = `slot-${place}`;
    cell.append(content.small(slot.card), element("div", "caption"));
    this.say(cell, slot, nameOf);
    return cell;
  }

  redraw(pages, slots, nameOf) {
    for (const slot of slots) {
      const cell = this.cells[pages.page.indexOf(slot)];
      if (cell !== undefined) this.say(cell, slot, nameOf);
    }
  }

  // The caption: the answer given here, else the label it has, else what is suggested.
  say(cell, slot, nameOf) {
    const { card, answer, flagged } = slot;
    const caption = cell.querySelector(".caption");
    const [sign, name, sure] = captionOf(card, answer, nameOf);
    caption.replaceChildren(
      element("span", "sign", sign),
      element("bdi", "", name),
      element("span", "sure", sure),
      ...(flagged ? [element("span", "flag", "⚑")] : []),
    );
    cell.dataset.answer = answer?.kind ?? "";
    cell.setAttribute("aria-label", `${card.item_id}: ${answer?.kind ?? "open"} ${name}`);
  }

  // Moves the focus ring and the selection, without drawing anything anew.
  mark(pages) {
    this.cells.forEach((cell, place) => {
      const current = place === pages.place;
      cell.classList.toggle("current", current);
      cell.setAttribute("aria-selected", current || pages.selected.has(place));
      cell.classList.toggle("selected", pages.selected.has(place));
    });
    this.root.setAttribute("aria-activedescendant", `slot-${pages.place}`);
  }

  get columns() {
    const top = this.cells[0]?.offsetTop;
    const count = this.cells.findIndex((cell) => cell.offsetTop !== top);
    return count < 0 ? Math.max(1, this.cells.length) : count;
  }
}

function captionOf(card, answer, nameOf) {
  if (answer !== null) {
    if (answer.kind === "lost") return ["…", "somebody else has it", ""];
    const name = answer.class_no === null ? answer.kind : nameOf(answer.class_no);
    return [MARKS[answer.kind] ?? "", answer.kind === "reject" ? `not ${name}` : name, ""];
  }
  if (card.standing !== null) return ["=", nameOf(card.standing.class_no), card.standing.source];
  if (card.blind) return ["?", "asked blind", ""];
  if (card.guesses.length === 0) return ["?", "no suggestion", ""];
  const [best] = card.guesses;
  return ["", nameOf(best.class_no), percent(best.confidence)];
}
