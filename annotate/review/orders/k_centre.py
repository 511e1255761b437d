"""k-centre: each next item is the one farthest from all that have a label or come before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Ints, Rows
from annotate.review.orders.context import OrderContext
from annotate.review.orders.unit_rows import closest_cosine, cosines, unit, unit_blocks
from annotate.review.prediction_summary import PredictionSummary

# Far more than a reviewer answers before the queue is made anew.
MOST_PICKS = 1_000
POOL_ROWS = 8_192
SAME = 1.0


class KCentreOrder:
    """Pick 1,000 items farthest first; the others follow by distance from the nearest of all those.

    Without any label it begins with the item nearest to the mean of all. It finds what is rare, and
    with it what is odd: outliers come first.

    References
    ----------
    Sener & Savarese 2018, "Active learning for convolutional neural networks: a core-set approach",
    arXiv:1708.00489, algorithm 1 (greedy). Differs in two ways: distance is that of vectors of
    length 1 of the features in use, and no more than 1,000 are picked one after another.
    """

    because = "it is far from all that has a label"
    needs_prediction = False
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows; equally far ones keep item order, those without features come last."""
        features = context.sources.features()
        mean, has_features = _mean_vector(features, context.rows)
        rows = context.rows[has_features]
        if len(rows) == 0:
            return context.rows
        labelled = unit(features.take(np.flatnonzero(context.labels != NO_LABEL)))
        labelled = labelled[~np.isnan(labelled[:, 0])]
        if len(labelled):
            picks, closest = farthest_first(features, rows, _closest(features, rows, labelled))
        else:
            first = int(_closest(features, rows, unit(mean[None])).argmax())
            start = _closest(features, rows, unit(features.take(rows[first : first + 1])))
            start[first] = np.inf
            picks, closest = farthest_first(features, rows, start)
            picks = np.concatenate([[first], picks])
        closest[picks] = -np.inf
        rest = np.argsort(closest, kind="stable")[len(picks) :]
        return np.concatenate([rows[picks], rows[rest], context.rows[~has_features]])


def farthest_first(
    features: Rows, rows: Ints, closest: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pick again and again the row that is farthest from its nearest centre; each pick is one.

    A centre more can only bring rows nearer, so what was far is where to look: among some thousand
    of the farthest rows, until none of them is farther than what the others were. Only then is the
    corpus read again.

    Parameters
    ----------
    rows : int array of shape (n,)
        All of them have features.
    closest : float32 array of shape (n,)
        The cosine with the nearest centre so far; infinity for a row that must not be picked.

    Returns
    -------
    int64 array of shape (n_picks,) and float32 array of shape (n,)
        Places in ``rows`` in the order picked, and the cosines after it. It ends after 1,000 picks,
        or when every row is the same as some centre.
    """
    closest = closest.copy()
    picks: list[int] = []
    while len(picks) < MOST_PICKS and closest.min() < SAME:
        by_distance = np.argsort(closest, kind="stable")
        pool = np.sort(by_distance[:POOL_ROWS])
        bound = closest[by_distance[POOL_ROWS]] if len(rows) > POOL_ROWS else SAME
        found, vectors = _pick_in_pool(
            unit(features.take(rows[pool])), closest[pool], bound, MOST_PICKS - len(picks)
        )
        picks += pool[found].tolist()
        np.maximum(closest, _closest(features, rows, vectors), out=closest)
        closest[pool[found]] = np.inf
    return np.array(picks, dtype=np.int64), closest


def _pick_in_pool(
    vectors: NDArray[np.float32], closest: NDArray[np.float32], bound: float, n_most: int
) -> tuple[list[int], NDArray[np.float32]]:
    """Return the first pick, the next ones farther than ``bound``, and the vectors of all."""
    found: list[int] = []
    while len(found) < n_most:
        best = int(closest.argmin())
        if found and closest[best] >= bound:
            break
        found.append(best)
        np.maximum(closest, cosines(vectors, vectors[best : best + 1])[:, 0], out=closest)
        closest[best] = np.inf
    return found, vectors[found]


def _mean_vector(features: Rows, rows: Ints) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the mean of the unit vectors, and which rows have features."""
    total = np.zeros(features.shape[1], dtype=np.float64)
    has_features = np.zeros(len(rows), dtype=bool)
    for here, vectors in unit_blocks(features, rows):
        has_features[here] = ~np.isnan(vectors[:, 0])
        total += np.nansum(vectors, axis=0, dtype=np.float64)
    return (total / max(1, has_features.sum())).astype(np.float32), has_features


def _closest(features: Rows, rows: Ints, centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each row's cosine with its nearest centre, a vector of length 1."""
    closest = np.empty(len(rows), dtype=np.float32)
    for here, vectors in unit_blocks(features, rows):
        closest[here] = closest_cosine(vectors, centres)
    return closest
