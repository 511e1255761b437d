"""Typical: an item amid many like it, of each part of the corpus in turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.compute.nearest import nearest_rows
from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Floats, Ints
from annotate.review.orders.cells import draw_sample, find_centres, nearest_cells
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary

SAMPLE_ROWS = 20_000
NEW_CELLS = 20
MOST_CELLS = 500
SMALLEST_CELL = 5
N_NEIGHBOURS = 20
QUERIES_AT_ONCE = 4_096


class TypicalOrder:
    """Divide the corpus into cells; ask an item of each in turn, the most typical one first.

    There are 20 cells more than labels, 500 at most. Cells with the fewest labels come first, of
    equals the one with most items; those of fewer than 5 items come last. It asks nothing of a
    prediction, so it serves from the very first answer on.

    References
    ----------
    Hacohen, Dekel & Weinshall 2022 (TypiClust), arXiv:2202.02794, with their 20 neighbours, 500
    cells and 5 items. Differs in three ways: cells and typical items are found on a sample of
    20,000 items, which is the whole corpus where it has no more; nearness is by cosine; and as no
    budget is known, the cells are 20 more than the labels, and a cell's later items are drawn.
    """

    because = "many items are like it, and none of them has a label yet"
    needs_prediction = False
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows cell by cell in turn; items without features come last."""
        features = context.sources.features()
        asked = np.zeros(len(context.labels), dtype=bool)
        asked[context.rows] = True
        is_labelled = context.labels != NO_LABEL
        rows = np.flatnonzero(asked | is_labelled)
        generator = seeded_generator(context.seed, "typical")
        sample, vectors = draw_sample(features, rows, SAMPLE_ROWS, generator)
        n_cells = min(int(is_labelled.sum()) + NEW_CELLS, MOST_CELLS)
        centres = find_centres(vectors, n_cells, generator)
        cells = np.full(len(context.labels), -1)
        cells[rows] = nearest_cells(features, rows, centres)

        keys = seeded_generator(context.seed, "typical within cells").random(len(cells))
        candidates = asked[sample] & ~is_labelled[sample]
        typical = most_typical(vectors[candidates], cells[sample][candidates])
        keys[sample[candidates][typical]] = -1
        placed = np.flatnonzero(asked & (cells >= 0))
        n_labels_in = np.bincount(cells[is_labelled & (cells >= 0)], minlength=len(centres))
        n_items_in = np.bincount(cells[cells >= 0], minlength=len(centres))
        ranked = placed[in_turn(cells[placed], keys[placed], n_labels_in, n_items_in)]
        return np.concatenate([ranked, context.rows[cells[context.rows] < 0]])


def most_typical(vectors: NDArray[np.float32], cells: Ints) -> Ints:
    """Return the row of the most typical item of each cell: that with the nearest neighbours.

    Parameters
    ----------
    vectors : float32 array of shape (n, dim)
        Of length 1.
    cells : int array of shape (n,)
    """
    by_cell = np.argsort(cells, kind="stable")
    ends = np.flatnonzero(np.diff(cells[by_cell], append=-1)) + 1
    members = np.split(by_cell, ends[:-1]) if len(ends) else []
    return np.array([m[_mean_distance(vectors[m]).argmin()] for m in members], dtype=np.int64)


def _mean_distance(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean distance from each vector to its 20 nearest, or to all of fewer.

    Typicality is its inverse.
    """
    if len(vectors) == 1:
        return np.zeros(1, dtype=np.float32)
    k = min(N_NEIGHBOURS + 1, len(vectors))
    cosines = np.concatenate(
        [
            nearest_rows(vectors[start : start + QUERIES_AT_ONCE], vectors, k)[1]
            for start in range(0, len(vectors), QUERIES_AT_ONCE)
        ]
    )
    # The nearest is the item itself. Rounded, so that equal items stay equal.
    distances = np.sqrt(np.maximum(2 - 2 * np.round(cosines[:, 1:], 5), 0))
    return np.round(distances.mean(axis=1), 5)


def in_turn(cells: Ints, keys: Floats, n_labels_in: Ints, n_items_in: Ints) -> Ints:
    """Return the positions of items in the order of asking.

    Parameters
    ----------
    cells : int array of shape (n,)
        The cell of each item.
    keys : float array of shape (n,)
        The least is asked first in its cell.
    n_labels_in, n_items_in : int arrays of shape (n_cells,)
        Labels that a cell has already, and all its items.
    """
    by_cell = np.lexsort((keys, cells))
    sorted_cells = cells[by_cell]
    place_in_cell = np.arange(len(by_cell)) - np.searchsorted(sorted_cells, sorted_cells)
    # How many labels its cell will have when this item is asked.
    n_before = n_labels_in[sorted_cells] + place_in_cell
    n_items = n_items_in[sorted_cells]
    turns = np.lexsort((sorted_cells, -n_items, n_before, n_items < SMALLEST_CELL))
    return by_cell[turns]
