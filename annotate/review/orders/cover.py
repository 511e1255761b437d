"""Cover: items whose surroundings hold most of what no label is near."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.review.orders.cells import draw_sample, find_centres
from annotate.review.orders.context import OrderContext
from annotate.review.orders.unit_rows import closest_cosine, cosines, unit
from annotate.review.prediction_summary import PredictionSummary

# All pairs of them are compared.
SAMPLE_ROWS = 10_000
PURITY = 0.95
MOST_PICKS = 1_000
_ROWS_AT_ONCE = 2_048


class CoverOrder:
    """Pick the item in whose ball most items lie that no ball around a label or a pick holds.

    The balls are as large as they may be for 95 % of them to hold items of one cell only, of as
    many cells as there are classes. Picking ends when every ball is full, or after 1,000 picks; the
    other items follow, drawn. It asks nothing of a prediction.

    References
    ----------
    Yehuda, Dekel, Hacohen & Weinshall 2022 (ProbCover), arXiv:2205.11320. Differs in two ways: it
    picks among a sample of 10,000 items, which are all where there are no more; and nearness is by
    cosine of the features in use.
    """

    because = "it stands for many items that no label is near"
    needs_prediction = False
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the picks, then the other rows, drawn."""
        features = context.sources.features()
        generator = seeded_generator(context.seed, "cover")
        sample, vectors = draw_sample(features, context.rows, SAMPLE_ROWS, generator)
        picked = sample[:0]
        if len(sample):
            least = ball_cosine(vectors, find_centres(vectors, context.n_classes, generator))
            labelled = unit(features.take(np.flatnonzero(context.labels != NO_LABEL)))
            has_features = ~np.isnan(labelled[:, 0])
            is_covered = closest_cosine(vectors, labelled[has_features]) > least
            picked = sample[greedy_cover(_balls(vectors, least), is_covered, MOST_PICKS)]
        rest = np.setdiff1d(context.rows, picked, assume_unique=True)
        return np.concatenate([picked, generator.permutation(rest)])


def ball_cosine(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> float:
    """Return the cosine that all items of a ball exceed with the one in its middle.

    It is the least for which 95 % of the balls, or more, hold items of one cell only.

    Parameters
    ----------
    vectors : float32 array of shape (n, dim)
        Of length 1.
    centres : float32 array of shape (n_cells, dim)
    """
    cells = cosines(vectors, centres).argmax(axis=1)
    nearest_other = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        here = slice(start, start + _ROWS_AT_ONCE)
        near = cosines(vectors[here], vectors)
        near[cells[here, None] == cells] = -np.inf
        nearest_other[here] = near.max(axis=1)
    n_pure = math.ceil(PURITY * len(vectors))
    return float(np.sort(nearest_other)[n_pure - 1])


def greedy_cover(balls: Bools, is_covered: Bools, most: int) -> Ints:
    """Return what is picked when each pick is to hold most of what no pick before it holds.

    Parameters
    ----------
    balls : bool array of shape (n, n)
        Symmetric; True where one item lies in the other's ball.
    is_covered : bool array of shape (n,)
        Items that need not be held by any pick.
    most : int
        Picks to make at most; fewer if nothing is left to hold.

    Returns
    -------
    int array of shape (n_picks,)
        Of equals the first.
    """
    is_left = ~is_covered
    n_held = np.zeros(len(balls), dtype=np.int64)
    _count(balls, np.flatnonzero(is_left), n_held, 1)
    picks: list[int] = []
    while len(picks) < most:
        best = int(n_held.argmax())
        if n_held[best] == 0:
            break
        picks.append(best)
        newly = balls[best] & is_left
        is_left &= ~newly
        _count(balls, np.flatnonzero(newly), n_held, -1)
    return np.array(picks, dtype=np.int64)


def _count(balls: Bools, items: Ints, n_held: NDArray[np.int64], by: int) -> None:
    """Change, in place, how many items left each ball holds by those that came or went."""
    for start in range(0, len(items), _ROWS_AT_ONCE):
        n_held += by * np.count_nonzero(balls[items[start : start + _ROWS_AT_ONCE]], axis=0)


def _balls(vectors: NDArray[np.float32], least: float) -> Bools:
    balls = np.empty((len(vectors), len(vectors)), dtype=bool)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        here = slice(start, start + _ROWS_AT_ONCE)
        balls[here] = cosines(vectors[here], vectors) > least
    np.fill_diagonal(balls, True)
    return balls
