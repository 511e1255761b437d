"""How well predicted masks cover the true ones: the mean intersection over union."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Ints


def confusion(
    predicted: Ints, truth: Ints, n_classes: int, ignore: int = NO_LABEL
) -> NDArray[np.int64]:
    """Return how many pixels of each true class were given each class.

    Parameters
    ----------
    predicted : int array of any shape
        0 to n_classes - 1.
    truth : int array of the same shape
        0 to n_classes - 1, or ``ignore``: such pixels are not counted, whatever is predicted there.
    n_classes : int
    ignore : int
        What stands for a pixel whose class is not known.

    Returns
    -------
    int64 array of shape (n_classes, n_classes)
        Row = true class, column = predicted class. Those of several batches may be added.

    Raises
    ------
    ValueError
        If the shapes differ, or a counted pixel has a class out of range.
    """
    if predicted.shape != truth.shape:
        raise ValueError(
            f"predicted and truth must have one shape; got {predicted.shape} and {truth.shape}."
        )
    counted = truth != ignore
    pairs = np.stack([truth[counted], predicted[counted]]).astype(np.int64)
    if pairs.min(initial=0) < 0 or pairs.max(initial=0) >= n_classes:
        raise ValueError(
            f"classes must be 0 to {n_classes - 1}; got {pairs.min()} to {pairs.max()}."
            f" Mark unknown pixels of truth with {ignore}."
        )
    counts = np.bincount(pairs[0] * n_classes + pairs[1], minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def mean_iou(confusion: Ints) -> float:
    """Return the mean over classes of ``intersection / union`` of predicted and true pixels.

    A class that occurs in neither is left out: its union is empty and its ratio 0 / 0. To call that
    1 would reward a class list for being long; to call it 0 would punish what was no mistake. A
    class that is only predicted, or only true, counts with 0.

    Parameters
    ----------
    confusion : int array of shape (n_classes, n_classes)
        As ``confusion`` returns it.

    Returns
    -------
    float
        0 to 1.

    Raises
    ------
    ValueError
        If no pixel was counted.

    References
    ----------
    Everingham et al. 2015, "The PASCAL visual object classes challenge: a retrospective": counted
    over the pixels of all pictures together, not picture by picture.
    """
    each = class_iou(confusion)
    occurs = ~np.isnan(each)
    if not occurs.any():
        raise ValueError("confusion must count one pixel or more; got none. Is all truth unknown?")
    return float(each[occurs].mean())


def class_iou(confusion: Ints) -> NDArray[np.float64]:
    """Return (n_classes,) intersection over union, NaN of a class that occurs in neither."""
    both = confusion.diagonal()
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    return np.where(either > 0, both / np.maximum(either, 1), np.nan)
