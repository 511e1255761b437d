"""Checks on arrays that many algorithms share; each raises ValueError with the first offender."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SUM_TOLERANCE = 1e-3


def check_proba(proba: NDArray[np.floating[Any]]) -> None:
    """Raise ValueError unless ``proba`` is (n_items, n_classes) with rows that sum to 1.

    A row of NaN means "no answer" and passes.
    """
    if proba.ndim != 2 or proba.shape[1] < 2:
        raise ValueError(
            f"proba must have shape (n_items, n_classes) with 2 classes or more; got {proba.shape}."
        )
    totals = proba.sum(axis=1, dtype=np.float64)
    answered = ~np.isnan(totals)
    off = answered & ~(np.abs(totals - 1) <= SUM_TOLERANCE)
    negative = answered & (np.where(answered, proba.min(axis=1, initial=0.0), 0) < 0)
    if negative.any():
        row = int(np.flatnonzero(negative)[0])
        raise ValueError(
            f"proba must not be negative; row {row} holds {proba[row].min():.4g}."
            " Pass logits through softmax first."
        )
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise ValueError(
            f"proba rows must sum to 1; row {row} sums to {totals[row]:.4f}"
            f" ({int(off.sum())} of {len(proba)} rows are off). Pass logits through softmax first."
        )


def check_labels(labels: NDArray[np.integer[Any]], n_items: int, n_classes: int) -> None:
    """Raise ValueError unless ``labels`` is (n_items,) of -1 or a class number."""
    if labels.shape != (n_items,):
        raise ValueError(f"labels must have shape ({n_items},); got {labels.shape}.")
    if n_items and (labels.min() < -1 or labels.max() >= n_classes):
        bad = int(np.flatnonzero((labels < -1) | (labels >= n_classes))[0])
        raise ValueError(
            f"labels must be -1 or below {n_classes}; row {bad} is {int(labels[bad])}."
        )
