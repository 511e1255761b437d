"""What is measured: one method of one factor on one draw of one data set is a cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from annotate.errors import UnknownNameError
from annotate.protocols import EncoderStudent, NetworkStudent, PromptStudent
from annotate.review.queue import DEFAULT_ORDER, queue_orders
from annotate.selection import SELECTORS
from annotate.teachers import TEACHERS
from annotate.training import STUDENTS
from annotate.training.defaults import DEFAULT_SELECTORS, DEFAULT_STUDENT
from pipelines.comparison.corpora import CORPORA, Corpus
from pipelines.comparison.peers import PEERS
from pipelines.comparison.projects import LINKS_FILE

# What is known at first: class names a text encoder reads, some labels, doubtful labels of every
# item, or nothing at all. Baselines see the whole corpus and nothing else.
Start = Literal["names", "labels", "given", "nothing", "whole"]
Factor = Literal["default", "teacher", "selector", "student", "queue", "peer", "baseline"]
FACTORS: tuple[Factor, ...] = (
    "default", "teacher", "selector", "student", "queue", "peer", "baseline",
)  # fmt: skip
DEFAULT = "default"
# Two teachers or more, named; which, nobody can say for all corpora.
NEED_AN_ARGUMENT = {"ensemble", "frechet", "two_cues"}
READ_VOTES = {"dawid_skene", "label_model", "majority_vote"}
# About an hour of one core for each of ten rounds and 1,500 texts, so they are measured where they
# are asked for by name.
COSTLY_STUDENTS = {"fine_tuned"}
PLAIN = "plain_margin"


@dataclass(frozen=True)
class Cell:
    """One measurement to make; ``method`` may be a chain of selectors, joined by ``+``."""

    data: str
    start: Start
    factor: Factor
    method: str
    seed: int

    @property
    def file_name(self) -> str:
        """Return where its rows are kept."""
        method = re.sub(r"[^\w.+-]", "-", self.method)
        return f"{self.data}/{self.start}-{self.seed}-{self.factor}-{method}.json"


def cells_of(corpus: Corpus, seed: int) -> list[Cell]:
    """Return every cell of a data set under one seed, those of one project side by side."""
    name = corpus.name
    cells = []
    if not corpus.is_scenario:
        cells.append(Cell(name, "whole", "baseline", PLAIN, seed))
    for start in starts_of(corpus):
        if start == "nothing":
            cells += [Cell(name, start, *pair, seed) for pair in queue_methods()]
        elif corpus.is_scenario:
            cells += [Cell(name, start, *pair, seed) for pair in scenario_methods(corpus)]
        else:
            cells += [Cell(name, start, *pair, seed) for pair in training_methods(corpus)]
            if start == "labels" and corpus.texts:
                cells += [Cell(name, start, "student", s, seed) for s in sorted(COSTLY_STUDENTS)]
            if start == "names":
                cells += [Cell(name, start, *pair, seed) for pair in queue_methods()]
    return cells


def starts_of(corpus: Corpus) -> tuple[Start, ...]:
    """Return what may be known of a data set at first."""
    if corpus.given is not None:
        return ("given",)
    if corpus.texts:
        return ("names", "labels")
    return ("labels",) if corpus.is_scenario else ("labels", "nothing")


def training_methods(corpus: Corpus) -> Iterator[tuple[Factor, str]]:
    """Give the default, then all that differs from it in one factor.

    What needs an argument to run is left out, and what reads votes where a corpus has none; on a
    corpus that is a graph, what reads one has its links as well.
    """
    yield "default", DEFAULT
    teachers = set(TEACHERS.names()) - NEED_AN_ARGUMENT
    if corpus.votes is None:
        teachers -= READ_VOTES
    yield from (("teacher", name) for name in sorted(teachers))
    selectors = set(SELECTORS.names()) - NEED_AN_ARGUMENT
    yield from (("selector", n) for n in sorted(selectors) if (n,) != DEFAULT_SELECTORS)
    if corpus.links is not None:
        yield "teacher", f"propagation:{LINKS_FILE}"
        yield "selector", f"agreement:0.5@{LINKS_FILE}"
    yield from (("student", name) for name in students_on_features() if name != DEFAULT_STUDENT)


def students_on_features() -> list[str]:
    """Return the students that need nothing else: ready features have no pictures or texts."""
    made = {name: STUDENTS.make(name, n_classes=2) for name in STUDENTS.names()}
    return [
        name
        for name, student in made.items()
        if not isinstance(student, NetworkStudent | EncoderStudent | PromptStudent)
    ]


def queue_methods() -> Iterator[tuple[Factor, str]]:
    """Give every queue order, the default first, and what stands beside them."""
    names = sorted(queue_orders.names(), key=lambda name: name != DEFAULT_ORDER)
    yield from (("queue", name) for name in names)
    yield from (("peer", name) for name in PEERS)


def scenario_methods(corpus: Corpus) -> Iterator[tuple[Factor, str]]:
    """Give a scenario's methods."""
    for method in corpus.selectors:
        yield ("default" if method == DEFAULT else "selector"), method
    yield from (("student", name) for name in corpus.students)


def is_known(cell: Cell) -> bool:
    """Return whether this version has the method; a scenario may name others."""
    registry = {"selector": SELECTORS, "student": STUDENTS, "teacher": TEACHERS}.get(cell.factor)
    names = [part.partition(":")[0] for part in cell.method.split("+")]
    return registry is None or set(names) <= set(registry.names())


def choose(cells: Iterable[Cell], only: str) -> list[Cell]:
    """Return the cells that ``only`` asks for.

    It lists data sets, factors and methods, separated by commas: a cell is kept if its data set is
    among the data sets listed, its factor among the factors and its method among the methods. What
    is not listed is not asked about; but a costly student is kept only where it is listed itself.

    Raises
    ------
    UnknownNameError
        If a word is none of these.
    """
    cells = list(cells)
    words = {word.strip() for word in only.split(",") if word.strip()}
    methods = {cell.method for cell in cells}
    for word in sorted(words - {*CORPORA, *FACTORS, *methods}):
        raise UnknownNameError("data set, factor or method", word, [*CORPORA, *FACTORS, *methods])
    cells = [cell for cell in cells if cell.method not in COSTLY_STUDENTS - words]
    for known, part in ((set(CORPORA), "data"), (set(FACTORS), "factor"), (methods, "method")):
        # "default" is a factor and its only method: listed, it asks for no method of others.
        wanted = words & known - ({DEFAULT} if part == "method" else set())
        kept = wanted | (words & {DEFAULT})
        cells = [cell for cell in cells if not wanted or getattr(cell, part) in kept]
    return cells
