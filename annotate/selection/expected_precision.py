"""What a selection promises, by the teacher's own word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Rows, Selection


def expected_precision(selection: Selection, proba: Floats | Rows) -> NDArray[np.float64]:
    """Return per class the share of accepted labels that the probabilities expect to be right.

    It is their mean confidence, so it is as honest as the teacher is calibrated.

    Parameters
    ----------
    selection : Selection
    proba : float array or Rows of shape (n_items, n_classes)
        What was selected from, calibrated if a temperature is known.

    Returns
    -------
    float array of shape (n_classes,)
        0 to 1; NaN for a class without accepted items.
    """
    n_classes = proba.shape[1]
    rows = selection.rows[selection.accepted]
    classes = selection.classes[selection.accepted]
    if isinstance(proba, np.ndarray):
        confidence = proba[rows, classes].astype(np.float64)
    else:
        confidence = proba.take(rows)[np.arange(len(rows)), classes].astype(np.float64)
    counts = np.bincount(classes, minlength=n_classes)
    sums = np.bincount(classes, weights=confidence, minlength=n_classes)
    return np.divide(sums, counts, out=np.full(n_classes, np.nan), where=counts > 0)
