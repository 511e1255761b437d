"""Probabilities as they are once each class has been given a factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Rows, SelectionContext
from annotate.selection.candidates import Candidates, iter_open_rows, iter_pool


def reweigh(proba: Floats, factors: Floats) -> NDArray[np.float32]:
    """Return (n_items, n_classes) in proportion to ``proba * factors``, rows that sum to 1.

    A row in which nothing is left stays as it is.
    """
    product = proba * factors.astype(np.float32)
    totals = product.sum(axis=1, keepdims=True)
    return np.divide(product, totals, out=proba.astype(np.float32), where=totals > 0)


def find_reweighed(
    proba: Floats | Rows, context: SelectionContext, factors: Floats, *, relabel: bool
) -> Candidates:
    """Return what ``find_candidates`` does, with the confidence of the reweighed probabilities.

    Parameters
    ----------
    factors : float array of shape (n_classes,)
        0 or more.
    relabel : bool
        Whether the class too is the likeliest of the reweighed ones. In a chain it is always the
        one accepted so far.
    """
    found = []
    for rows, block in iter_open_rows(proba, context):
        reweighed = reweigh(block, factors)
        if context.candidates is None:
            classes = (reweighed if relabel else block).argmax(axis=1)
        else:
            classes = context.candidates[rows]
        confidence = reweighed[np.arange(len(rows)), classes]
        found.append((rows.astype(np.int32), classes.astype(np.int32), confidence))
    if not found:
        none = np.zeros(0, dtype=np.int32)
        return Candidates(none, none, np.zeros(0, dtype=np.float32))
    return Candidates(*(np.concatenate(column) for column in zip(*found, strict=True)))


def mean_proba(proba: Floats | Rows, context: SelectionContext) -> NDArray[np.float64]:
    """Return (n_classes,) the mean probabilities of all open items; 0 where there are none."""
    total, n_items = np.zeros(proba.shape[1]), 0
    for rows, block in iter_pool(proba, context):
        total += block.sum(axis=0, dtype=np.float64)
        n_items += len(rows)
    return total / max(n_items, 1)
