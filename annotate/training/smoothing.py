"""Averaging probabilities over neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints

ROWS_PER_BLOCK = 65_536


def average_over_neighbours(
    proba: Floats, neighbours: Ints, first_row: int = 0
) -> NDArray[np.float32]:
    """Return the mean probabilities of each item and its neighbours.

    Items that lie together usually belong to one class, so the mean corrects single errors. The
    item itself counts as one of the k + 1.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
        Of the whole corpus. A row of NaN means no answer: it is left out of the means.
    neighbours : int array of shape (n_rows, k)
        Positions in ``proba``: the neighbours of items ``first_row`` to
        ``first_row + n_rows - 1``.
    first_row : int
        Where the block starts, so that a corpus can be done block by block.

    Returns
    -------
    float32 array of shape (n_rows, n_classes)
        Rows sum to 1; an item without an answer of its own stays NaN.
    """
    import torch

    answered = ~np.isnan(proba[:, 0])
    known = proba if answered.all() else np.where(answered[:, None], proba, 0)
    table = torch.as_tensor(np.ascontiguousarray(known, dtype=np.float32))
    out = np.empty((len(neighbours), proba.shape[1]), dtype=np.float32)
    for start in range(0, len(neighbours), ROWS_PER_BLOCK):
        block = neighbours[start : start + ROWS_PER_BLOCK]
        own = np.arange(first_row + start, first_row + start + len(block))
        members = np.concatenate([own[:, None], block], axis=1).astype(np.int64)
        sums = torch.nn.functional.embedding_bag(torch.as_tensor(members), table, mode="sum")
        n_answers = answered[members].sum(axis=1, keepdims=True)
        means = sums.numpy() / np.maximum(n_answers, 1)
        out[start : start + len(block)] = np.where(answered[own][:, None], means, np.nan)
    return out
