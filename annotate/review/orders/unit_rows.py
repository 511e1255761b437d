"""Features of chosen items at length 1, block by block, and cosines that repeat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints, Rows

ROWS_AT_ONCE = 16_384
CENTRES_AT_ONCE = 1_024


def unit_blocks(features: Rows, rows: Ints) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield the places of some of ``rows``, and their vectors, until all have had their turn."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        here = rows[start : start + ROWS_AT_ONCE]
        yield slice(start, start + len(here)), unit(features.take(here))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def cosines(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n_vectors, n_others) cosines of vectors that have length 1."""
    # Rounded, so that equal items stay equal whatever block they were multiplied in.
    return np.round(vectors @ others.T, 5)


def closest_cosine(
    vectors: NDArray[np.float32], centres: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return each vector's cosine with the nearest centre, -inf without any; all have length 1."""
    closest = np.full(len(vectors), -np.inf, dtype=np.float32)
    for start in range(0, len(centres), CENTRES_AT_ONCE):
        near = vectors @ centres[start : start + CENTRES_AT_ONCE].T
        np.maximum(closest, near.max(axis=1), out=closest)
    return np.round(closest, 5)
