"""Cells of a corpus: k-means by cosine over a sample of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints, Rows
from annotate.review.orders.unit_rows import cosines, unit, unit_blocks

N_STEPS = 15


def draw_sample(
    features: Rows, rows: Ints, n_most: int, generator: np.random.Generator
) -> tuple[Ints, NDArray[np.float32]]:
    """Return ``n_most`` drawn rows, ascending, less those without features, and unit vectors."""
    if len(rows) > n_most:
        rows = np.sort(generator.choice(rows, n_most, replace=False))
    vectors = unit(features.take(rows))
    has_features = ~np.isnan(vectors[:, 0])
    return rows[has_features], vectors[has_features]


def find_centres(
    vectors: NDArray[np.float32], n_cells: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Return the centres of k-means over vectors of length 1, all of length 1 themselves.

    Centres that no vector is nearest to, as where vectors repeat, are left out.
    """
    from sklearn.cluster import kmeans_plusplus

    n_cells = min(n_cells, len(vectors))
    if n_cells == 0:
        return np.zeros((0, vectors.shape[1]), dtype=np.float32)
    centres, _ = kmeans_plusplus(vectors, n_cells, random_state=int(generator.integers(2**31)))
    for _ in range(N_STEPS):
        cells = cosines(vectors, centres).argmax(axis=1)
        order = np.argsort(cells, kind="stable")
        starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
        centres = unit(np.add.reduceat(vectors[order], starts, axis=0))
    return centres


def nearest_cells(features: Rows, rows: Ints, centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the cell of each row, -1 where it has no features."""
    cells = np.full(len(rows), -1, dtype=np.int64)
    if len(centres) == 0:
        return cells
    for here, vectors in unit_blocks(features, rows):
        best = cosines(vectors, centres).argmax(axis=1)
        cells[here] = np.where(np.isnan(vectors[:, 0]), -1, best)
    return cells
