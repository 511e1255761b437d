"""Evaluate: compare the labels as they stand with a truth file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.errors import SourceError
from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.quality.calibration import expected_calibration_error
from annotate.schema import Schema, refuse_several_classes
from annotate.steps.label_table import class_numbers, read_label_table
from annotate.steps.labels import NONE, PSEUDO, SOURCES, CurrentLabels, read_current_labels
from annotate.steps.predicting import StoredProba, current_prediction
from annotate.steps.workspace import Workspace
from annotate.store.items import item_index


@dataclass(frozen=True)
class Evaluation:
    """How right a project's labels are; all rates are fractions, None where nothing counts.

    Attributes
    ----------
    coverage : labelled / truth ids
    accuracy : right / labelled
    accuracy_all : right / truth ids, taking the last prediction where there is no label
    ece : expected calibration error of the pseudo-labels' confidence
    """

    n_items: int
    n_truth: int
    n_labelled: int
    n_unknown_ids: int
    coverage: float
    accuracy: float | None
    accuracy_all: float
    per_class: dict[str, dict[str, Any]]
    by_source: dict[str, dict[str, Any]]
    ece: float | None


def evaluate(workspace: Workspace, truth: Path) -> Evaluation:
    """Return how the labels compare with the truth; nothing is written, nothing learns from it.

    Raises
    ------
    SourceError
        If the truth file cannot be used, is empty, knows none of the items, or names a class that
        is not in the schema.
    ConfigError
        If an item may have several classes.
    """
    refuse_several_classes(workspace.schema, "`annotate evaluate`")
    rows, classes = read_truth(workspace, truth)
    labels = read_current_labels(workspace)
    known = rows >= 0
    label = np.full(len(rows), NO_LABEL)
    label[known] = labels.labels[rows[known]]
    labelled = label != NO_LABEL
    right = labelled & (label == classes)
    guess = np.where(labelled, label, _last_prediction(workspace, rows))
    return Evaluation(
        n_items=len(labels.labels),
        n_truth=len(rows),
        n_labelled=int(labelled.sum()),
        n_unknown_ids=int((~known).sum()),
        coverage=float(labelled.mean()),
        accuracy=_rate(right, labelled),
        accuracy_all=float((guess == classes).mean()),
        per_class=_per_class(workspace.schema, classes, labelled, right),
        by_source=_by_source(labels, rows, known, right),
        ece=_pseudo_ece(labels, rows, known, right),
    )


def read_truth(workspace: Workspace, path: Path) -> tuple[Ints, Ints]:
    """Return item_no (-1 for an id that is no item) and class of every row of a truth file."""
    table = read_label_table(path)
    if table.empty:
        raise SourceError(f"A truth file must have rows; {path} has none. Give another file.")
    classes = class_numbers(table["label"], workspace.schema)
    if (classes < 0).any():
        unknown: pd.Series[str] = table["label"][classes < 0]
        raise SourceError(
            f"The truth must name classes of this project; {unknown.iloc[0]!r} is not one"
            f" ({len(unknown):,} of {len(table):,} rows)."
            f" Known: {', '.join(workspace.schema.names)}."
        )
    with workspace.store.read() as connection:
        rows = item_index(connection).get_indexer(pd.Index(table["id"]))
    if (rows < 0).all():
        raise SourceError(
            f"The ids of a truth must be ids of this project's items; none of {len(table):,} in"
            f" {path.name} is (first: {table['id'].iloc[0]!r}). See `annotate items list`."
        )
    return rows, classes


def _last_prediction(workspace: Workspace, rows: Ints) -> NDArray[np.int64]:
    """Return the most likely class of each row by the last prediction, -1 where there is none."""
    guess = np.full(len(rows), NO_LABEL, dtype=np.int64)
    record = current_prediction(workspace)
    if record is None:
        return guess
    proba = StoredProba(workspace.store, record["prediction_id"], workspace.schema)
    covered = np.flatnonzero(rows >= 0)
    for start in range(0, len(covered), 65_536):
        here = covered[start : start + 65_536]
        block = proba.take(rows[here])
        guess[here] = np.where(np.isnan(block[:, 0]), NO_LABEL, block.argmax(axis=1))
    return guess


def _rate(right: Bools, among: Bools) -> float | None:
    return float(right[among].mean()) if among.any() else None


def _per_class(
    schema: Schema, classes: Ints, labelled: Bools, right: Bools
) -> dict[str, dict[str, Any]]:
    result = {}
    for spec in schema.classes:
        members = classes == spec.class_no
        result[spec.name] = {
            "n_truth": int(members.sum()),
            "n_labelled": int((members & labelled).sum()),
            "accuracy": _rate(right, members & labelled),
        }
    return result


def _by_source(
    labels: CurrentLabels, rows: Ints, known: Bools, right: Bools
) -> dict[str, dict[str, Any]]:
    source = np.where(known, labels.sources[np.maximum(rows, 0)], NONE)
    return {
        name: {"n": int((source == code).sum()), "accuracy": _rate(right, source == code)}
        for code, name in enumerate(SOURCES)
        if code != NONE
    }


def _pseudo_ece(labels: CurrentLabels, rows: Ints, known: Bools, right: Bools) -> float | None:
    pseudo = known & (labels.sources[np.maximum(rows, 0)] == PSEUDO)
    if not pseudo.any():
        return None
    return float(expected_calibration_error(labels.confidence[rows[pseudo]], right[pseudo]))
