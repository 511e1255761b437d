"""Krippendorff's alpha: how far reviewers agree beyond chance, whoever answered what."""

from __future__ import annotations

import numpy as np

from annotate.protocols import Ints
from annotate.quality.answers import check_answers


def krippendorff_alpha(items: Ints, reviewers: Ints, classes: Ints) -> float:
    """Return the nominal alpha of answers, of which any may be missing.

    Parameters
    ----------
    items, reviewers, classes : int arrays of shape (n_answers,)
        Numbers from 0; a reviewer answers an item once at most. Items with one answer say nothing
        about agreement and are left out.

    Returns
    -------
    float
        1 for full agreement, 0 for what chance gives, below 0 for less. NaN where agreement is not
        defined: no item has two answers, or all answers to such items name one class.

    References
    ----------
    Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section D (nominal data, any
    number of observers, missing data).
    """
    check_answers(items, reviewers, classes)
    n_by_item = np.bincount(items)
    shared = n_by_item[items] > 1
    items, classes = items[shared].astype(np.int64), classes[shared].astype(np.int64)
    n_answers = len(items)
    if n_answers == 0:
        return float("nan")
    n_classes = int(classes.max()) + 1
    cells, n_in_cell = np.unique(items * n_classes + classes, return_counts=True)
    n_of_item = n_by_item[cells // n_classes]
    # Ordered pairs of answers to one item that differ, each item's weighed by 1 / (n - 1).
    observed = (n_in_cell * (n_of_item - n_in_cell) / (n_of_item - 1)).sum() / n_answers
    n_of_class = np.bincount(classes).astype(np.float64)
    expected = (n_of_class * (n_answers - n_of_class)).sum() / (n_answers * (n_answers - 1))
    return float(1 - observed / expected) if expected > 0 else float("nan")
