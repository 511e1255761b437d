"""Which class should get its first labels next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, Floats


def distance_to_locus(distances: Floats, observed: Bools) -> NDArray[np.float64]:
    """Return how far each class is from all that a Fréchet mean of the observed ones can name.

    On a tree that is the union of the paths between observed classes, and the distance of c from
    the path between a and b is (d(a, c) + d(b, c) - d(a, b)) / 2.

    Parameters
    ----------
    distances : float array of shape (n_classes, n_classes)
        Symmetric, 0 on the diagonal.
    observed : bool array of shape (n_classes,)
        Classes with labels, one or more.

    Returns
    -------
    float64 array of shape (n_classes,)
        0 for observed classes and for those between them.

    Raises
    ------
    ValueError
        If no class is observed.

    References
    ----------
    Roberts et al. 2023 (Loki). Differs in that the formula of trees serves for every metric, where
    it is a lower bound.
    """
    seen = np.flatnonzero(observed)
    if len(seen) == 0:
        raise ValueError("One class or more must be observed; got none.")
    to_seen = distances[seen].astype(np.float64)
    nearest = np.full(distances.shape[1], np.inf)
    # One observed class at a time: all pairs at once would be n_classes cubed.
    for one in seen:
        detour = (to_seen + distances[one] - to_seen[:, one][:, None]) / 2
        nearest = np.minimum(nearest, detour.min(axis=0))
    return np.maximum(nearest, 0)


def next_class(distances: Floats, observed: Bools, candidates: Bools) -> int | None:
    """Return the candidate farthest from what can be named by now; None if all can.

    Equal distances go to the lower class.
    """
    gap = np.where(candidates & ~observed, distance_to_locus(distances, observed), 0)
    return int(gap.argmax()) if gap.max() > 0 else None
