"""Look-alikes of an item: which they are, and what giving them its label would cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, Floats, Rows

OFFERED_SIZES = (5, 10, 20, 50, 100)
CONFIDENCE = 0.95
_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class Offer:
    """A number of look-alikes to give a label to, and how many would be wrong.

    Attributes
    ----------
    n_items : int
    min_cosine : float
        Of the least alike among them.
    n_decided, n_wrong : int
        Items at least as alike that people labelled, and those of them that have another label.
    expected_error : float or None
        ``n_wrong / n_decided``; None where nothing alike was decided.
    low, high : float
        Exact 95 % interval of the error (Clopper & Pearson 1934); 0 and 1 where nothing is known.
    """

    n_items: int
    min_cosine: float
    n_decided: int
    n_wrong: int
    expected_error: float | None
    low: float
    high: float


def cosines_to(features: Rows, item_no: int) -> NDArray[np.float32]:
    """Return (n_items,) each item's cosine to one of them; NaN where either has no features."""
    n_items, dim = features.shape
    query = features.take(np.array([item_no]))[0]
    query = query / max(float(np.linalg.norm(query)), 1e-12)
    cosines = np.empty(n_items, dtype=np.float32)
    step = max(1, _BLOCK_VALUES // dim)
    for start in range(0, n_items, step):
        block = features.read(start, min(start + step, n_items))
        length = np.sqrt(np.einsum("ij,ij->i", block, block))
        cosines[start : start + len(block)] = block @ query / np.maximum(length, 1e-12)
    return cosines


def most_alike(cosines: Floats, among: Bools, n: int) -> NDArray[np.intp]:
    """Return the at most ``n`` items of ``among`` with the highest cosine, highest first."""
    rows = np.flatnonzero(among & ~np.isnan(cosines))
    if len(rows) > n:
        rows = rows[np.argpartition(-cosines[rows], n - 1)[:n]]
    return rows[np.lexsort((rows, -cosines[rows]))]


def offers_to_spread(candidates: Floats, decided: Floats, decided_right: Bools) -> list[Offer]:
    """Return what spreading a label to 5, 10, 20, 50 and 100 look-alikes would cost.

    The error among the items that people decided, and that are at least as alike as the least alike
    candidate, is taken for the error among the candidates. That supposes that what people decided
    is no harder or easier than what is left.

    Parameters
    ----------
    candidates : float array of shape (n_candidates,)
        Cosines to the corrected item, descending.
    decided : float array of shape (n_decided,)
        Cosines of the items that people labelled, the corrected one left out.
    decided_right : bool array of shape (n_decided,)
        True where their label is the one to be spread.
    """
    sizes = sorted({min(size, len(candidates)) for size in OFFERED_SIZES} - {0})
    return [_offer(size, float(candidates[size - 1]), decided, decided_right) for size in sizes]


def _offer(size: int, min_cosine: float, decided: Floats, decided_right: Bools) -> Offer:
    alike = decided >= min_cosine
    n_decided, n_wrong = int(alike.sum()), int((alike & ~decided_right).sum())
    if n_decided == 0:
        return Offer(size, min_cosine, 0, 0, None, 0.0, 1.0)
    from scipy.stats import binomtest

    interval = binomtest(n_wrong, n_decided).proportion_ci(CONFIDENCE, method="exact")
    return Offer(
        size, min_cosine, n_decided, n_wrong, n_wrong / n_decided, interval.low, interval.high
    )
