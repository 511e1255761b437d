"""How far an item's neighbours, itself left out, support the class that it is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Floats, Ints

TEMPERATURE = 0.07


def leave_one_out_support(classes: Ints, votes: Ints, cosines: Floats) -> NDArray[np.float32]:
    """Return the share of the neighbours' votes that each item's class has.

    Near neighbours count more: a vote weighs exp(cosine / 0.07).

    Parameters
    ----------
    classes : int array of shape (n_items,)
    votes : int array of shape (n_items, k)
        The classes of each item's neighbours, without itself; -1 = no vote.
    cosines : float array of shape (n_items, k)
        Of each item with its neighbours; not read where there is no vote.

    Returns
    -------
    float32 array of shape (n_items,)
        0 to 1; NaN where no neighbour votes.

    References
    ----------
    Feng et al. 2022, "Rethinking Supervised Pre-training for Better Downstream Transferring",
    arXiv:2110.06014: the weighted leave-one-out classifier that LOOK trains features by. Differs in
    that the features are fixed, and the class is what is judged.
    """
    casts = votes != NO_LABEL
    # Less 1, so that no exponential exceeds 1; the share stays the same.
    weights = np.exp((np.where(casts, cosines, -np.inf) - 1) / TEMPERATURE)
    total = weights.sum(axis=1)
    support = (weights * (votes == classes[:, None])).sum(axis=1)
    return np.divide(support, total, out=np.full(len(total), np.nan), where=total > 0).astype(
        np.float32
    )


def estimate_noise_rate(share_equal: float, n_classes: int) -> float:
    """Return the share e of wrong labels at which neighbours have equal ones this often.

    Two neighbours of one class have equal labels if both are right or both are wrong alike:
    (1 - e)² + e² / (n_classes - 1) of them, if wrong labels are spread evenly over the other
    classes, each drawn by itself. Neighbours of unlike classes make the estimate too high, and
    errors that neighbours share make it too low.

    Parameters
    ----------
    share_equal : float
        0 to 1, of pairs of nearest neighbours.
    n_classes : int
        2 or more.

    Returns
    -------
    float
        0 to 1 - 1 / n_classes, which labels drawn without looking reach.
    """
    if n_classes < 2:
        raise ValueError(f"n_classes must be 2 or more; got {n_classes}.")
    at_random = 1 - 1 / n_classes
    return float(at_random * (1 - np.sqrt(max(0.0, 1 - (1 - share_equal) / at_random))))
