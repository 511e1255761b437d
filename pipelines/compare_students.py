"""Compare students that train on pixels: CIFAR-10 with few labels, the same work for each.

    annotate run compare_students DIR --set data=FOLDER

FOLDER holds ``cifar10`` as published for ``annotate run benchmark``. Each seed draws the labels.
Some students learn from labels and pixels alone; some also from a teacher, a linear probe on ready
features with the same labels. Every one gets the same number of forward-backward passes: looking
ahead costs passes, and what it gains must be more than a plain momentum teacher gains from spending
them itself. The last rows are four rounds with a quarter of the passes each. A finished training is
stored at once, so that the same command goes on where a killed one stopped. DIR then holds
``results.parquet``, ``students.md`` and its plot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch.nn import Module

from annotate.cli.output import print_json, print_lines
from annotate.compute.device import choose_device
from annotate.compute.seeding import seeded_generator
from annotate.errors import UnknownNameError
from annotate.protocols import NO_LABEL, Floats, Ints, Progress, Student, TrainingRun, no_progress
from annotate.training import STUDENTS
from annotate.training.continued import Continued
from annotate.training.conv import Conv
from annotate.training.distilled import Distilled
from annotate.training.fst import DEPTH, WIDTH, Fst, FstDeep, FstWide
from annotate.training.label_free_student import LabelFree
from annotate.training.linear import Linear
from annotate.training.momentum import Momentum
from annotate.training.mutual import SECOND, Mutual
from annotate.training.network_student import NetworkStudent
from annotate.training.pixel_rows import take_colours
from annotate.training.rotations import N_ROTATIONS, Rotations
from annotate.training.sub_pseudo_labels_student import SubPseudoLabelled
from annotate.training.two_stage import TwoStage
from pipelines.comparison.cells import Cell
from pipelines.comparison.pictures import Pictures, draw_equally, read_pictures
from pipelines.comparison.results import Results
from pipelines.comparison.student_page import write_student_page
from pipelines.comparison.student_rounds import (
    N_ROUNDS,
    Restarted,
    balanced_weights,
    train_in_rounds,
)
from pipelines.comparison.turned import Turned

N_WATCHED = 1000  # unlabelled pictures whose pseudo-labels are followed
N_POINTS = 20  # on a curve


@dataclass(frozen=True)
class Settings:
    """Measure network students beside each other and beside labels alone."""

    data: Path  # holds cifar10: see docs/recipes.md
    folder: Path = Path("annotate-students")  # measurements are kept here
    labels: str = "40,250"  # given in all, equally many a class; separated by commas
    passes: int = 2000  # forward and backward through the network, in every training
    seeds: int = 3
    only: str = ""  # names of the table's first column, separated by semicolons; empty for all


@dataclass(frozen=True)
class Method:
    """A student, and how many passes one of its steps takes.

    ``share`` is the part of the passes that it gets. One that is ``taught`` gets the teacher's
    answers, and its labels of all other pictures as pseudo-labels. One ``in_rounds`` gets those
    only to begin with, of the pictures that the teacher is most confident of.
    """

    make: Callable[..., NetworkStudent]
    passes_a_step: int = 1
    share: float = 1.0
    taught: bool = False
    in_rounds: bool = False


TEACHER = "the teacher"
METHODS = {
    "conv, labels alone": Method(Conv),
    "turned, labels alone": Method(Turned, N_ROTATIONS),
    "rotations, labels alone": Method(Rotations, N_ROTATIONS),
    "rotations:distilled, labels alone": Method(partial(Rotations, "distilled"), N_ROTATIONS),
    "conv, pseudo-labels too": Method(Conv, taught=True),
    "two_stage": Method(TwoStage, taught=True),
    "sub_pseudo_labels": Method(SubPseudoLabelled),
    "distilled": Method(Distilled, taught=True),
    "label_free": Method(LabelFree, taught=True),
    "mutual": Method(Mutual, 2, taught=True),
    "mutual without waves": Method(
        lambda **settings: Mutual(wave=False, **settings), 2, taught=True
    ),
    "mutual:attentive": Method(partial(Mutual, "attentive"), 2, taught=True),
    "mutual:clusters": Method(partial(Mutual, "clusters"), 2, taught=True),
    "momentum without memory": Method(lambda **settings: Momentum(decay=0.0, **settings)),
    "momentum": Method(Momentum),
    "momentum, steps of fst_d": Method(Momentum, share=1 / (DEPTH + 1)),
    "momentum:freematch": Method(lambda **settings: Momentum("freematch", **settings)),
    "fst": Method(Fst, 2),
    "fst_d": Method(FstDeep, DEPTH + 1),
    "fst_w": Method(FstWide, WIDTH + 1),
    "rounds of conv, each anew": Method(Conv, share=1 / N_ROUNDS, in_rounds=True),
    "rounds of cosines": Method(Restarted, share=1 / N_ROUNDS, in_rounds=True),
    "rounds of continued:notebook": Method(
        partial(Continued, "notebook"), share=1 / N_ROUNDS, in_rounds=True
    ),
    "rounds of continued:soup": Method(
        partial(Continued, "soup"), share=1 / N_ROUNDS, in_rounds=True
    ),
    "rounds of continued": Method(Continued, share=1 / N_ROUNDS, in_rounds=True),
}


@dataclass(frozen=True)
class Outcome:
    """Where the measurements are."""

    results: Path
    page: Path
    n_trainings: int


def run(settings: Settings, progress: Progress = no_progress) -> Outcome:
    """Train what is not yet trained, then write table and plot."""
    known, test = (read_pictures(settings.data, part) for part in ("train10k", "test"))
    results = Results(settings.folder, {"passes": settings.passes})
    cells = [
        Cell("cifar10", "labels", "student", f"{name}; {n_labels}", seed)
        for seed in range(settings.seeds)
        for n_labels in settings.labels.split(",")
        for name in wanted(settings.only)
    ]
    for number, cell in enumerate(cells):
        progress(number, len(cells), f"{cell.method} labels, seed {cell.seed}")
        if not results.has(cell):
            name, n_labels = cell.method.split("; ")
            labels = draw_equally(known.y, int(n_labels), cell.seed)
            results.write(cell, measure(name, known, labels, test, settings.passes, cell.seed))
    progress(len(cells), len(cells), "trainings")

    table = results.read(cells)
    table[["method", "n_labels"]] = table["method"].str.split("; ", expand=True)
    table.to_parquet(settings.folder / "results.parquet", index=False)
    page = settings.folder / "students.md"
    write_student_page(page, table, describe(settings))
    return Outcome(settings.folder / "results.parquet", page, len(cells))


def wanted(only: str) -> list[str]:
    """Return the names to measure.

    Raises
    ------
    UnknownNameError
        If one is none of the table's.
    """
    every = [TEACHER, *METHODS]
    names = [name.strip() for name in only.split(";") if name.strip()] or every
    for name in names:
        if name not in every:
            raise UnknownNameError("row of the table", name, every)
    return names


def describe(settings: Settings) -> str:
    """Return what the figures are."""
    return (
        f"Test accuracy in %, mean ± sample standard deviation over {settings.seeds} draws of"
        f" labels; {settings.passes:,} forward-backward passes for each, of 64 pictures, with a"
        " momentum teacher of 160; a quarter of that for the steps of fst_d. Turned is conv on"
        " all quarter turns, as rotations is, its answers averaged over them. The teacher is a"
        " linear probe on MobileNet features; two_stage, sub_pseudo_labels, distilled, label_free,"
        " mutual, the first of the rounds and what has pseudo-labels too learn from it, the others"
        " from labels and pixels."
    )


def measure(
    name: str, known: Pictures, labels: Ints, test: Pictures, passes: int, seed: int
) -> list[dict[str, Any]]:
    """Return the test accuracy of one training, its seconds, and its pseudo-labels' accuracy."""
    given = labels != NO_LABEL
    n_classes = int(known.y.max()) + 1
    teacher = Linear(n_classes=n_classes).fit(known.features[given], labels[given])
    if name == TEACHER:
        return [accuracy_row(teacher.predict_proba(test.features), test)]
    method = METHODS[name]
    n_steps = max(1, round(passes * method.share / method.passes_a_step))
    proba = teacher.predict_proba(known.features)
    started = perf_counter()
    if method.in_rounds:
        make = partial(method.make, n_classes=n_classes, n_steps=n_steps)
        student = train_in_rounds(make, known.X, labels, proba, seed)
        return [accuracy_row(student.predict_proba(test.X), test), seconds_row(started)]

    student = method.make(n_classes=n_classes, n_steps=n_steps)
    student.run = TrainingRun(seed, teacher_proba=proba, given=given)
    curve: list[dict[str, Any]] = []
    if isinstance(student, Momentum):
        hidden = seeded_generator(seed, "watched").permutation(np.flatnonzero(~given))
        student.watch = follow(known, hidden[:N_WATCHED], n_steps, method.passes_a_step, curve)
    y = np.where(given, labels, proba.argmax(axis=1)) if method.taught else labels
    student.fit(known.X, y, balanced_weights(y, given))
    rows = [accuracy_row(student.predict_proba(test.X), test), seconds_row(started), *curve]
    if isinstance(student, Mutual):
        rows.append({"metric": "agreement", "value": agreement(student, test.X)})
    return rows


def seconds_row(started: float) -> dict[str, Any]:
    """Return the row of how long a training took."""
    return {"metric": "seconds", "value": perf_counter() - started}


def agreement(student: Mutual, X: Ints) -> float:
    """Return the share of pictures to which both networks that predict give the same class."""
    arrays = student.parameters()
    second = {n.removeprefix(SECOND): a for n, a in arrays.items() if n.startswith(SECOND)}
    guesses = []
    for parameters in ({name: arrays[name] for name in second}, second):
        twice: Student = STUDENTS.make(student.name)
        twice.set_parameters(parameters | {SECOND + name: a for name, a in parameters.items()})
        guesses.append(twice.predict_proba(X).argmax(axis=1))
    return float((guesses[0] == guesses[1]).mean())


def accuracy_row(proba: Floats, test: Pictures) -> dict[str, Any]:
    """Return the row of a student's accuracy on the test pictures."""
    return {
        "metric": "test_accuracy",
        "value": float((proba.argmax(axis=1) == test.y).mean()),
    }


def follow(
    known: Pictures, rows: Ints, n_steps: int, passes_a_step: int, curve: list[dict[str, Any]]
) -> Callable[[int, Module], None]:
    """Return what notes how right the teacher is on some unlabelled pictures, now and then."""
    colours = take_colours(known.X, rows, choose_device())
    noted = {round(n_steps * (point + 1) / N_POINTS) for point in range(N_POINTS)}

    def note(step: int, teacher: Module) -> None:
        """Take down the accuracy at some of the steps."""
        if step + 1 in noted:
            with torch.inference_mode():
                guess = teacher(colours).argmax(dim=1).cpu().numpy()
            right = float((guess == known.y[rows]).mean())
            passes = (step + 1) * passes_a_step
            curve.append({"metric": "pseudo_accuracy", "at": passes, "value": right})

    return note


def show(outcome: Outcome, as_json: bool = False) -> None:
    """Print where the table is."""
    if as_json:
        print_json(outcome)
        return
    print_lines(
        f"{outcome.n_trainings:,} trainings measured.",
        f"Table and plot: {outcome.page}",
        f"Every measurement: {outcome.results}",
    )
