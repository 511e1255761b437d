"""Measure one cell: run the steps on a copy of its project, and compare with the truth."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from annotate.compute.most_likely import most_likely
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Bools, Floats, Ints
from annotate.quality.calibration import expected_calibration_error
from annotate.steps.labels import read_current_labels
from annotate.steps.predicting import StoredProba
from annotate.steps.selections import read_selection
from annotate.steps.simulate import simulate
from annotate.steps.train import train
from annotate.steps.workspace import Workspace
from annotate.store.history import find_round
from pipelines.comparison.cells import DEFAULT, Cell
from pipelines.comparison.corpora import Corpus
from pipelines.comparison.peers import peer_curve
from pipelines.comparison.plain_margin import Curve, margin_curve
from pipelines.comparison.projects import GIVEN, LINKS_FILE, TRUTH_FILE, copy_of, rows_of_items

COVERAGES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
Row = dict[str, Any]


def measurement(metric: str, value: float, *, at: float | None = None, class_name: str = "") -> Row:
    """Return one row; ``at`` is a coverage or a number of answers, where the metric has one."""
    return {"metric": metric, "at": at, "class_name": class_name, "value": float(value)}


def measure_baseline(corpus: Corpus, features: Floats, seed: int) -> list[Row]:
    """Measure plain margin sampling on the whole corpus, until its last target or a fifth of it."""
    until, most = (max(corpus.targets), len(corpus.truth)) if corpus.targets else (1.0, None)
    most = most or len(corpus.truth) // 5 + 20
    curve = margin_curve(features, corpus.truth, until=until, most=most, seed=seed)
    return curve_rows(curve, len(corpus.truth))


def curve_rows(curve: Curve, n_items: int) -> list[Row]:
    """Return the number of items and a row for each point of a curve."""
    pairs = zip(curve.answers.tolist(), curve.accuracy.tolist(), strict=True)
    points = [measurement("accuracy_after", value, at=answers) for answers, value in pairs]
    return [measurement("items", n_items), *points]


def measure_peer(cell: Cell, corpus: Corpus, features: Floats, budget: float) -> list[Row]:
    """Measure another library's way to ask, with nothing known before."""
    n_items = len(corpus.truth)
    curve = peer_curve(
        cell.method, features, corpus.truth,
        until=1.0, most=round(budget * n_items), batch=20, seed=cell.seed,
    )  # fmt: skip
    return curve_rows(curve, n_items)


def measure_queue(cell: Cell, folder: Path, budget: float, batches: int) -> list[Row]:
    """Measure a queue order: the truth answers, a training after each batch."""
    with copy_of(folder / "project") as workspace:
        n_answers = round(budget * workspace.n_items())
        if cell.start == "names":
            train(workspace, seed=cell.seed)
        report = simulate(
            workspace,
            folder / TRUTH_FILE,
            budget=n_answers,
            batch=-(-n_answers // batches),
            queue=cell.method,
            seed=cell.seed,
        )
    return [
        measurement("accuracy_after", p["accuracy_all"], at=p["answers"]) for p in report.points
    ]


def measure_training(cell: Cell, corpus: Corpus, folder: Path, n_rounds: int) -> list[Row]:
    """Measure a training run that differs from the default in the cell's factor."""
    chosen: dict[str, Any] = {"teacher": f"imported:{GIVEN}" if cell.start == "given" else None}
    # A method on the corpus's own graph says where its links are.
    parts = [part.replace(LINKS_FILE, str(folder / LINKS_FILE)) for part in cell.method.split("+")]
    if cell.factor == "selector":
        chosen["selectors"] = parts
    elif cell.method != DEFAULT:
        chosen[cell.factor] = "+".join(parts)
    with copy_of(folder / "project") as workspace:
        started = perf_counter()
        train(workspace, n_rounds=n_rounds, seed=cell.seed, reports=False, **chosen)
        seconds = perf_counter() - started
        truth = corpus.truth[rows_of_items(workspace)]
        return [*rows_of_training(workspace, truth), measurement("seconds", seconds)]


def rows_of_training(workspace: Workspace, truth: Ints) -> list[Row]:
    """Return what a run reached on items whose label nobody gave."""
    labels = read_current_labels(workspace)
    is_measured = labels.given.current == NO_LABEL
    if labels.head is None or labels.prediction is None:
        raise NotReadyError("Measuring needs a round; training made none. Give it other settings.")
    with workspace.store.read() as connection:
        first, second = find_round(connection, 0), find_round(connection, 1)
    assert first is not None
    alone = read_proba(workspace, first["prediction_id"])
    proba = read_proba(workspace, labels.prediction["prediction_id"])
    known = is_measured & (truth != NO_LABEL)
    rows = [measurement("teacher_accuracy", share_right(alone[known], truth[known]))]
    rows += prediction_rows(proba[known], truth[known], workspace.schema.names)
    has_label = labels.labels != NO_LABEL
    rows.append(measurement("coverage", has_label[known].mean()))
    if (has_label & known).any():
        right = (labels.labels == truth)[has_label & known]
        rows.append(measurement("labelled_accuracy", right.mean()))
    if second is not None and second["selection_id"]:
        rows += selection_rows(workspace, second["selection_id"], truth, is_measured)
    withheld = is_measured & (truth == NO_LABEL)
    if withheld.any():
        rows += open_set_rows(proba, withheld, known, has_label)
        if labels.head["selection_id"]:
            accepted = accepted_items(workspace, labels.head["selection_id"])
            rows.append(measurement("known_accepted", accepted[known].mean()))
            rows.append(measurement("withheld_accepted", accepted[withheld].mean()))
    return rows


def share_right(proba: Floats, truth: Ints) -> float:
    """Return how much is right where ties are drawn: votes tie often. No answer is a wrong one."""
    is_highest = proba == proba.max(axis=1, keepdims=True)  # all False in a row of NaN
    chance = is_highest[np.arange(len(truth)), truth] / np.maximum(is_highest.sum(axis=1), 1)
    return float(chance.mean())


def read_proba(workspace: Workspace, prediction_id: str) -> Floats:
    """Return a prediction of the whole corpus."""
    stored = StoredProba(workspace.store, prediction_id, workspace.schema)
    return stored.read_all(workspace.n_items())


def prediction_rows(proba: Floats, truth: Ints, names: tuple[str, ...]) -> list[Row]:
    """Return accuracy over all, by class, and of the most confident; no answer is a wrong one."""
    guess = most_likely(proba)
    right = guess == truth
    confidence = np.nan_to_num(proba.max(axis=1), nan=0.0)
    members = [truth == number for number in range(len(names))]
    by_class = [float(right[m].mean()) if m.any() else None for m in members]
    rows = [measurement("accuracy", right.mean())]
    there = [value for value in by_class if value is not None]
    rows.append(measurement("class_mean", float(np.mean(there))))
    rows.append(measurement("class_min", min(there)))
    rows += [
        measurement("class_accuracy", value, class_name=name)
        for name, value in zip(names, by_class, strict=True)
        if value is not None
    ]
    sure_first = np.argsort(-confidence, kind="stable")
    for coverage in COVERAGES:
        covered = sure_first[: max(round(coverage * len(truth)), 1)]
        rows.append(measurement("accuracy_at", right[covered].mean(), at=coverage))
    rows.append(measurement("ece", expected_calibration_error(confidence, right)))
    return rows


def selection_rows(
    workspace: Workspace, selection_id: str, truth: Ints, is_measured: Bools
) -> list[Row]:
    """Return how much the first round's selectors accepted, and how right that was."""
    table = read_selection(workspace, selection_id)
    table = table[table["accepted"] & is_measured[table["item_no"]]]
    rows = [measurement("accepted", len(table) / max(int(is_measured.sum()), 1))]
    if len(table):
        right = truth[table["item_no"]] == table["class_no"]
        rows.append(measurement("accepted_right", right.mean()))
    return rows


def accepted_items(workspace: Workspace, selection_id: str) -> Bools:
    """Return (n_items,) whether a selection accepted any class of the item."""
    table = read_selection(workspace, selection_id)
    accepted = np.zeros(workspace.n_items(), dtype=bool)
    accepted[table["item_no"][table["accepted"]]] = True
    return accepted


def open_set_rows(proba: Floats, withheld: Bools, known: Bools, has_label: Bools) -> list[Row]:
    """Return how well items of withheld classes are told from the others."""
    both = withheld | known
    doubt = 1 - np.nan_to_num(proba.max(axis=1), nan=0.0)
    return [
        measurement("withheld_labelled", has_label[withheld].mean()),
        measurement("withheld_found", roc_auc_score(withheld[both], doubt[both])),
    ]
