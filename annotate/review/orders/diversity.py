"""Diversity: cover the corpus, beginning where no label is near."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Floats, Ints, Rows
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary

NEW_CELLS = 20
MOST_CELLS = 200
SAMPLE_ROWS = 20_000
N_STEPS = 15
ROWS_AT_ONCE = 16_384


class DiversityOrder:
    """Divide the corpus into cells; ask an item of each in turn, the most typical one first.

    There are 20 cells more than labels, 200 at most. Cells with the fewest labels come first, of
    equals the one with most items. It asks nothing of a prediction, so it serves from the very
    first answer on.

    References
    ----------
    Hacohen, Dekel & Weinshall 2022 (TypiClust), arXiv:2202.02794. Differs in three ways: the cells
    are found on a sample of 20,000 items; the typical item is the one nearest to its cell's centre
    rather than the one with the nearest neighbours, so that a million items take seconds; and as no
    budget is known, the cells are 20 more than the labels, and a cell's later items are drawn.
    """

    because = "nothing like it has a label yet"
    needs_prediction = False
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows cell by cell in turn; items without features come last."""
        features = context.sources.features()
        asked = np.zeros(len(context.labels), dtype=bool)
        asked[context.rows] = True
        rows = np.flatnonzero(asked | (context.labels != NO_LABEL))
        n_labels = int((context.labels != NO_LABEL).sum())
        centres = _centres(features, rows, min(n_labels + NEW_CELLS, MOST_CELLS), context.seed)
        cells, distances = _nearest_centres(features, rows, centres)
        placed = asked[rows] & (cells >= 0)
        labelled = (context.labels[rows] != NO_LABEL) & (cells >= 0)
        n_labels_in = np.bincount(cells[labelled], minlength=len(centres))
        n_items_in = np.bincount(cells[cells >= 0], minlength=len(centres))
        keys = _typical_first(cells[placed], distances[placed], context.seed)
        ranked = rows[placed][in_turn(cells[placed], keys, n_labels_in, n_items_in)]
        return np.concatenate([ranked, rows[asked[rows] & (cells < 0)]])


def _typical_first(cells: Ints, distances: Floats, seed: int) -> NDArray[np.float64]:
    """Return keys by which each cell's typical item is first, and the others are shuffled.

    In order of distance the second item of a cell would be the double of its first.
    """
    keys = seeded_generator(seed, "diversity within cells").random(len(cells))
    nearest_first = np.lexsort((distances, cells))
    keys[nearest_first[np.flatnonzero(np.diff(cells[nearest_first], prepend=-1))]] = -1
    return keys


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
    return by_cell[np.lexsort((sorted_cells, -n_items_in[sorted_cells], n_before))]


def _centres(features: Rows, rows: Ints, n_cells: int, seed: int) -> NDArray[np.float32]:
    """Return the centres of k-means over a sample of the rows, all of length 1; (0, dim) for none.

    Centres that no row is nearest to, as where rows repeat, are left out.
    """
    from sklearn.cluster import kmeans_plusplus

    generator = seeded_generator(seed, "diversity")
    if len(rows) > SAMPLE_ROWS:
        rows = np.sort(generator.choice(rows, SAMPLE_ROWS, replace=False))
    sample = _unit(features.take(rows))
    sample = sample[~np.isnan(sample[:, 0])]
    n_cells = min(n_cells, len(sample))
    if n_cells == 0:
        return np.zeros((0, features.shape[1]), dtype=np.float32)
    centres, _ = kmeans_plusplus(sample, n_cells, random_state=int(generator.integers(2**31)))
    for _ in range(N_STEPS):
        cells = _cosines(sample, centres).argmax(axis=1)
        order = np.argsort(cells, kind="stable")
        starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
        centres = _unit(np.add.reduceat(sample[order], starts, axis=0))
    return centres


def _nearest_centres(
    features: Rows, rows: Ints, centres: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return each row's cell, -1 where it has no features, and its distance from the centre."""
    cells = np.full(len(rows), -1, dtype=np.int64)
    distances = np.zeros(len(rows), dtype=np.float32)
    if len(centres) == 0:
        return cells, distances
    for start, block in _blocks(features, rows):
        cosines = _cosines(block, centres)
        best = cosines.argmax(axis=1)
        here = slice(start, start + len(block))
        has_features = ~np.isnan(block[:, 0])
        cells[here] = np.where(has_features, best, -1)
        distances[here] = 1 - cosines[np.arange(len(block)), best]
    return cells, distances


def _blocks(features: Rows, rows: Ints) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield start, _unit(features.take(rows[start : start + ROWS_AT_ONCE]))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def _cosines(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    # Rounded, so that equal items stay equal whatever block they were multiplied in.
    return np.round(vectors @ centres.T, 5)
