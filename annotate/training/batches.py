"""Which rows a step trains on: fixed by the seed and the number of the step.

Nothing is remembered from one step to the next, so a training goes on at any step as if it had
never stopped.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.protocols import Floats


def weighted_batch(weights: Floats, size: int, seed: int, step: int) -> NDArray[np.intp]:
    """Return ``size`` positions, each drawn in proportion to its weight, with replacement.

    With weights that balance the classes this is class-balanced sampling.

    Parameters
    ----------
    weights : float array of shape (n_rows,)
        0 or more, above 0 somewhere.
    """
    cumulative = np.cumsum(weights, dtype=np.float64)
    drawn = seeded_generator(seed, "labelled batch", step).random(size) * cumulative[-1]
    return np.searchsorted(cumulative, drawn, side="right").clip(max=len(weights) - 1)


def shuffled_batch(n_rows: int, size: int, seed: int, step: int) -> NDArray[np.intp]:
    """Return the positions of a step, so that each pass sees every row once in a new order.

    A batch may cross from one pass into the next; ``size`` may exceed ``n_rows``.
    """
    first = step * size
    passes = range(first // n_rows, (first + size - 1) // n_rows + 1)
    order = np.concatenate([_order_of_pass(n_rows, seed, number) for number in passes])
    start = first - passes.start * n_rows
    return order[start : start + size]


@lru_cache(maxsize=4)  # every step of a pass asks for it
def _order_of_pass(n_rows: int, seed: int, number: int) -> NDArray[np.intp]:
    return seeded_generator(seed, "pass", number).permutation(n_rows)
