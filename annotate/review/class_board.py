"""View model: each class with its labels by source and what is predicted of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Ints
from annotate.review.prediction_summary import PredictionSummary
from annotate.schema import Schema


@dataclass(frozen=True)
class ClassRow:
    """One class.

    Attributes
    ----------
    n_by_source : mapping of str to int
        Labels of this class by where they come from.
    n_predicted : int
        Items of which it is the likeliest class.
    mean_confidence : float or None
        Over those items.
    """

    class_no: int
    name: str
    description: str
    retired: bool
    n_by_source: dict[str, int]
    n_predicted: int
    mean_confidence: float | None

    @property
    def n_labels(self) -> int:
        """Return the labels of this class from all sources."""
        return sum(self.n_by_source.values())


def class_rows(
    schema: Schema,
    labels: Ints,
    sources: Ints,
    source_names: Sequence[str],
    summary: PredictionSummary,
) -> tuple[ClassRow, ...]:
    """Return one row a class, in order of class_no.

    Parameters
    ----------
    labels : int array of shape (n_items,)
        -1 for none.
    sources : int array of shape (n_items,)
        Index into ``source_names`` where there is a label.
    """
    n, n_sources = schema.n_classes, len(source_names)
    has = labels != NO_LABEL
    cells = labels[has].astype(np.int64) * n_sources + sources[has]
    counts = np.bincount(cells, minlength=n * n_sources).reshape(n, n_sources)
    answered = summary.answered
    predicted = summary.predicted[answered]
    n_predicted = np.bincount(predicted, minlength=n)
    confidence = np.bincount(predicted, summary.confidence[answered], n)
    return tuple(
        ClassRow(
            class_no=spec.class_no,
            name=spec.name,
            description=spec.description,
            retired=spec.retired,
            n_by_source={
                name: int(counts[spec.class_no, code])
                for code, name in enumerate(source_names)
                if counts[:, code].any()
            },
            n_predicted=int(n_predicted[spec.class_no]),
            mean_confidence=(
                float(confidence[spec.class_no] / n_predicted[spec.class_no])
                if n_predicted[spec.class_no]
                else None
            ),
        )
        for spec in schema.classes
    )


def most_suspicious(
    class_no: int, labels: Ints, summary: PredictionSummary, limit: int
) -> NDArray[np.int64]:
    """Return items of a class, first those whose label the prediction speaks against most.

    An item belongs to the class by its label, or by the prediction where it has no label. Those
    predicted as another class come first, the surest first; then those predicted as this class, the
    least sure first; then those without a prediction.
    """
    shown = np.where(labels == NO_LABEL, summary.predicted, labels)
    rows = np.flatnonzero(shown == class_no)
    confidence = np.nan_to_num(summary.confidence[rows], nan=2.0)
    doubt = np.where(summary.predicted[rows] == class_no, -confidence, confidence)
    doubt[~summary.answered[rows]] = -2.0
    return rows[np.argsort(-doubt, kind="stable")[:limit]]
