"""A coreset: what to take from a pool because it is like some target items."""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints, Rows
from annotate.review.orders.cells import find_centres
from annotate.review.orders.unit_rows import cosines, unit, unit_blocks

# Published.
MOST_CENTRES = 100
PATIENCE = 20
STOP_BELOW = 0.95
MOST_PER_TARGET = 50
# Of an item without features: below every cosine.
NEVER = -2.0


def target_centres(
    targets: NDArray[np.float32], generator: np.random.Generator
) -> NDArray[np.float32]:
    """Return the centres of k-means over some target items; up to 100 items are centres themselves.

    Parameters
    ----------
    targets : float32 array of shape (n_targets, dim)
        Without rows of NaN.

    Returns
    -------
    float32 array of shape (n_centres, dim)
        Of length 1; 100 at most.
    """
    if len(targets) <= MOST_CENTRES:
        return unit(targets)
    return find_centres(unit(targets), MOST_CENTRES, generator)


def cosines_with(features: Rows, rows: Ints, centres: Floats) -> NDArray[np.float32]:
    """Return (n_centres, n_rows) cosines of some items with centres; -2 for one without features.

    The whole table is held in memory, at 4 bytes each.
    """
    near = np.empty((len(centres), len(rows)), dtype=np.float32)
    for here, vectors in unit_blocks(features, rows):
        near[:, here] = np.nan_to_num(cosines(vectors, centres).T, nan=NEVER)
    return near


def pick_coreset(near: NDArray[np.float32], n_most: int) -> NDArray[np.int64]:
    """Pick, round by round, the item nearest to each centre of those not picked before.

    Each round so adds the items that together are nearest to the centres: of all that are left, no
    others have a higher sum, over the centres, of the highest cosine with one of them. Rounds end
    as soon as that mean is below 0.95 of what it was in round 20; what they would have added is
    left out.

    Parameters
    ----------
    near : float32 array of shape (n_centres, n_items)
        Cosines of items with one centre or more; below -1 for items that are not to be picked.
    n_most : int
        Picks at most.

    Returns
    -------
    int64 array of shape (n_picks,)
        Columns of ``near`` in the order picked; in one round the nearest first, equals by number.

    References
    ----------
    Kim, Bae & Yun 2023 (SimCore), "Coreset sampling from open-set for fine-grained self-supervised
    learning", arXiv:2303.11101. Differs in that the features are given, and not learnt from the
    targets.
    """
    n_most = min(n_most, int((near[0] >= -1).sum()))
    if n_most <= 0:
        return np.zeros(0, dtype=np.int64)
    # With n_most picks in all, no centre ever comes to its item of number n_most + 1.
    nearest = np.stack([_highest(row, n_most) for row in near])
    centres = np.arange(len(near))
    place = np.zeros(len(near), dtype=np.int64)  # of each centre's next item, in its list
    is_picked = np.zeros(near.shape[1], dtype=bool)
    picks: list[NDArray[np.int64]] = []
    n_picked = 0
    limit = -np.inf
    for round_no in count(1):
        wanted = nearest[centres, place]
        cosine = near[centres, wanted]
        value = float(cosine.mean())
        if value < limit:
            break
        if round_no == PATIENCE:
            limit = value - (1 - STOP_BELOW) * abs(value)
        in_order = wanted[np.lexsort((wanted, -cosine))]
        found = in_order[np.sort(np.unique(in_order, return_index=True)[1])]
        picks.append(found)
        n_picked += len(found)
        if n_picked >= n_most:
            break
        is_picked[found] = True
        while (gone := is_picked[nearest[centres, place]]).any():
            place += gone
    return np.concatenate(picks)[:n_most]


def _highest(values: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Return where the ``n`` highest values are, highest first, equals by number."""
    least = np.partition(values, len(values) - n)[len(values) - n]
    eligible = np.flatnonzero(values >= least)
    return eligible[np.argsort(-values[eligible], kind="stable")[:n]]
