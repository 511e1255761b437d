"""The correction notebook: items whose label changed between two rounds count more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Floats, Ints

FLIPPED_FACTOR = 2.0
LABELS = "resume.labels"  # the labels of a round, of all items, among what it leaves to the next


def flipped_weights(
    weights: Floats, before: Ints, after: Ints, factor: float = FLIPPED_FACTOR
) -> NDArray[np.float32]:
    """Return weights with the same sum in which items whose label changed count ``factor`` times.

    An item without a label in one of the two rounds has not changed it.

    Parameters
    ----------
    weights : float array of shape (n_items,)
        0 or more.
    before, after : int array of shape (n_items,)
        Labels of the last round and of this one, -1 = none.
    factor : float
        Above 0.

    Raises
    ------
    ValueError
        If shapes differ, or ``factor`` is not a number above 0.

    References
    ----------
    Chen et al. 2023 (MCL), arXiv:2305.03981, whose self-correction courses revisit mistakes.
    Differs: nobody tells which pseudo-labels are mistakes, so it is those that changed which are
    revisited, by weight; the factor is ours.
    """
    if not weights.shape == before.shape == after.shape:
        raise ValueError(
            "weights, before and after must have one entry an item;"
            f" got shapes {weights.shape}, {before.shape} and {after.shape}."
        )
    if not 0 < factor < float("inf"):
        raise ValueError(f"factor must be a number above 0; got {factor}.")
    is_flipped = (before != after) & (before != NO_LABEL) & (after != NO_LABEL)
    raised = np.where(is_flipped, weights * factor, weights)
    total = raised.sum(dtype=np.float64)
    if total == 0:
        return weights.astype(np.float32)
    return (raised * (weights.sum(dtype=np.float64) / total)).astype(np.float32)
