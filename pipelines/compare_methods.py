"""Compare teachers, selectors, students and queue orders on real data, one factor at a time.

    annotate run benchmark DIR --set data=FOLDER [--set only=ag_news,selector] [--set quick=yes]

FOLDER holds the data sets as they are published; those that are not there are left out. Each seed
draws items and known labels. Every finished measurement is stored at once, so that the same command
goes on where a killed one stopped. DIR then holds ``results.parquet``, one row a measurement, and
``measured.md`` with its plots.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from annotate.cli.output import print_json, print_lines
from annotate.encoders import ENCODERS
from annotate.errors import AnnotateError, SourceError
from annotate.protocols import Floats, Progress, no_progress
from annotate.review.queue import DEFAULT_ORDER
from annotate.training.defaults import DEFAULT_ROUNDS, DEFAULT_SELECTORS, DEFAULT_STUDENT
from pipelines.comparison.cells import Cell, cells_of, choose, is_known
from pipelines.comparison.corpora import CORPORA, Corpus, embed_texts
from pipelines.comparison.draws import draw_items, draw_labels
from pipelines.comparison.measure import (
    Row,
    measure_baseline,
    measure_peer,
    measure_queue,
    measure_training,
)
from pipelines.comparison.page import write_page
from pipelines.comparison.projects import make_project
from pipelines.comparison.results import Results


@dataclass(frozen=True)
class Settings:
    """Measure every method that is found by name beside the default and the plain baseline."""

    data: Path  # holds ag_news_test, banking77, ...: see docs/recipes.md
    folder: Path = Path("annotate-benchmark")  # measurements are kept here
    only: str = ""  # data sets, factors and methods, separated by commas; empty for all
    quick: bool = False  # few items, few answers, 2 seeds: minutes, and no figure to quote
    seeds: int = 5
    items: int = 4000  # drawn of a data set for each seed, at most; 0 for all
    rounds: int = DEFAULT_ROUNDS  # at most, of what compares teachers, selectors and students
    labels_per_class: int = 10  # known labels, on average, where a start has any
    budget: float = 0.2  # answers, as a share of the items
    batches: int = 10  # trainings on the way there
    encoder: str = "sentence:all-MiniLM-L6-v2"
    page: Path | None = None  # where tables and plots go; a page of docs keeps the text around them


QUICK = {"seeds": 2, "items": 400, "batches": 3}


@dataclass(frozen=True)
class Outcome:
    """What a run measured, and what it could not."""

    results: Path
    page: Path
    n_cells: int
    n_measured: int
    skipped: list[str]


def run(settings: Settings, progress: Progress = no_progress) -> Outcome:
    """Measure what is not yet measured, then write table, page and plots."""
    if settings.quick:
        settings = replace(settings, **QUICK)  # type: ignore[arg-type]
    results = Results(settings.folder, shaping(settings))
    skipped: dict[str, None] = {}  # a set that keeps the order
    corpora = read_corpora(settings, skipped)
    cells = choose(
        [
            cell
            for seed in range(settings.seeds)
            for corpus in corpora.values()
            for cell in cells_of(corpus, seed)
        ],
        settings.only,
    )
    for cell in [cell for cell in cells if not is_known(cell)]:
        skipped[f"{cell.method}: no {cell.factor} of that name here"] = None
        cells.remove(cell)

    n_done = 0
    for (data, seed, start), group in groupby(cells, key=lambda c: (c.data, c.seed, c.start)):
        together = list(group)
        missing = [cell for cell in together if not results.has(cell)]
        if missing:
            with_project = Draw(settings, corpora[data], seed, start)
            for cell in missing:
                progress(n_done + together.index(cell), len(cells), f"{data} {cell.method}")
                try:
                    results.write(cell, with_project.measure(cell))
                except AnnotateError as error:
                    skipped[f"{cell.data}, {cell.start}, {cell.method}: {error}"] = None
            with_project.remove()
        n_done += len(together)
        progress(n_done, len(cells), data)

    table = results.read(cells)
    table.to_parquet(settings.folder / "results.parquet", index=False)
    page = settings.page or settings.folder / "measured.md"
    write_page(page, table, shaping(settings))
    n_measured = sum(results.has(cell) for cell in cells)
    return Outcome(settings.folder / "results.parquet", page, len(cells), n_measured, list(skipped))


def shaping(settings: Settings) -> dict[str, Any]:
    """Return what shapes every measurement: settings, and the defaults all is compared with."""
    return {
        "items": settings.items,
        "labels_per_class": settings.labels_per_class,
        "budget": settings.budget,
        "batches": settings.batches,
        "encoder": settings.encoder,
        "default_rounds": settings.rounds,
        "default_selectors": list(DEFAULT_SELECTORS),
        "default_student": DEFAULT_STUDENT,
        "default_order": DEFAULT_ORDER,
    }


def read_corpora(settings: Settings, skipped: dict[str, None]) -> dict[str, Corpus]:
    """Return the data sets that are there, texts with their features.

    Raises
    ------
    SourceError
        If none is.
    """
    corpora = {}
    for name, read in CORPORA.items():
        try:
            corpus = read(settings.data)
        except FileNotFoundError as error:
            skipped[f"{name}: {error.filename} is not there"] = None
            continue
        corpora[name] = corpus
    if not corpora:
        raise SourceError(
            f"The benchmark needs a folder with data sets; {settings.data} has none of"
            f" {', '.join(CORPORA)}. See docs/recipes.md for where each is expected."
        )
    return corpora


class Draw:
    """One draw of one data set under one start: its project is made when the first cell asks.

    Parameters
    ----------
    settings : Settings
    corpus : Corpus
        The whole data set.
    seed : int
    start : str
        What is known at first.
    """

    def __init__(self, settings: Settings, corpus: Corpus, seed: int, start: str) -> None:
        self._settings = settings
        self._folder = settings.folder / "work" / f"{corpus.name}-{start}-{seed}"
        self._seed, self._start = seed, start
        corpus = replace(corpus, features=features_of(settings, corpus))
        self._corpus = corpus if start == "whole" else draw_items(corpus, seed, settings.items)
        self._has_project = False

    def measure(self, cell: Cell) -> list[Row]:
        """Return the rows of one cell."""
        settings, corpus = self._settings, self._corpus
        assert corpus.features is not None
        if cell.factor == "baseline":
            return measure_baseline(corpus, corpus.features, cell.seed)
        if cell.factor == "peer":
            return measure_peer(cell, corpus, corpus.features, settings.budget)
        self._make_project()
        if cell.factor == "queue":
            return measure_queue(cell, self._folder, settings.budget, settings.batches)
        return measure_training(cell, corpus, self._folder, settings.rounds)

    def _make_project(self) -> None:
        if self._has_project:
            return
        self.remove()  # what a killed run left
        corpus, settings = self._corpus, self._settings
        known = draw_labels(
            corpus.truth,
            len(corpus.classes),
            settings.labels_per_class if self._start == "labels" else 0,
            self._seed,
        )
        make_project(self._folder, corpus, settings.encoder, known)
        self._has_project = True

    def remove(self) -> None:
        """Remove the project."""
        shutil.rmtree(self._folder, ignore_errors=True)


def features_of(settings: Settings, corpus: Corpus) -> Floats:
    """Return ready-made features, or those of the texts, embedded once for all runs in a folder."""
    if corpus.features is not None:
        return corpus.features
    assert corpus.texts is not None
    # A scenario on the texts of another data set has the same texts.
    name = corpus.name.removesuffix("_open_set")
    path = settings.folder / "features" / f"{name}.npy"
    return embed_texts(corpus.texts, lambda: ENCODERS.make(settings.encoder), path)


def show(outcome: Outcome, as_json: bool = False) -> None:
    """Print where the measurements are, and what is missing from them."""
    if as_json:
        print_json(outcome)
        return
    print_lines(
        f"{outcome.n_measured:,} of {outcome.n_cells:,} cells measured.",
        f"Every measurement: {outcome.results}",
        f"Tables and plots: {outcome.page}",
        *(f"Left out: {line}" for line in outcome.skipped),
    )
