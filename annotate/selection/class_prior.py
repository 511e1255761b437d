"""How frequent each class of the corpus probably is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Floats, Rows, SelectionContext
from annotate.selection.candidates import active_classes, read_rows

# As many items say within half a percentage point how frequent a class is.
MOST_ITEMS = 50_000
MOST_STEPS = 200
SMALLEST_STEP = 1e-6
# How it was chosen, and what other values gave: docs/methods.md, "prior_quota".
PULL = 0.3


def estimate_class_prior(
    proba: Floats,
    counts: Floats | None = None,
    taught: Floats | None = None,
    *,
    pull: float = 0.0,
) -> NDArray[np.float64]:
    """Return the shares of the classes that make a teacher's probabilities likeliest.

    A teacher's probabilities hold for the shares it was taught by. Expectation maximisation finds
    the shares of the corpus: each probability is multiplied by the new share of its class over the
    taught one, and the mean of the results gives the next shares. It trusts the teacher: where
    probabilities are not calibrated, or prefer some classes, the shares do so more.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
        Rows sum to 1, none is NaN.
    counts : float array of shape (n_classes,), optional
        Items whose class is known, in addition. They count as so many sure answers, which is right
        if they are a random part of the corpus.
    taught : float array of shape (n_classes,), optional
        Above 0, or 0 for a class that no item has. By default all classes alike: students are
        taught by classes of equal weight.
    pull : float
        0 or more. So many times as many items again count as spread over the classes as taught.

    Returns
    -------
    float64 array of shape (n_classes,)
        Sums to 1.

    References
    ----------
    Saerens, Latinne & Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities", equations 2.10 and 2.11. Known items and the pull are ours.
    """
    n_classes = proba.shape[1]
    known = np.zeros(n_classes) if counts is None else np.asarray(counts, dtype=np.float64)
    before = np.full(n_classes, 1 / n_classes) if taught is None else np.asarray(taught, np.float64)
    if len(proba) + known.sum() == 0:
        return before / before.sum()
    start = np.asarray(before / before.sum(), dtype=np.float64)
    shares = start
    for _ in range(MOST_STEPS):
        factors = np.divide(shares, start, out=np.zeros(n_classes), where=start > 0)
        totals = proba @ factors.astype(proba.dtype)
        weights = np.divide(1, totals, out=np.zeros_like(totals), where=totals > 0)
        summed = factors * (weights @ proba) + known + pull * len(proba) * start
        newer = summed / summed.sum()
        moved = np.abs(newer - shares).max()
        shares = newer
        if moved < SMALLEST_STEP:
            break
    return shares


def corpus_class_prior(proba: Floats | Rows, context: SelectionContext) -> NDArray[np.float64]:
    """Return (n_classes,) the estimated shares of the corpus; a retired class has none.

    Labels that may teach are known; of open items 50,000 at most are looked at, evenly spaced.
    """
    active = active_classes(context, proba.shape[1])
    open_rows = np.flatnonzero(context.labels == NO_LABEL)
    rows = open_rows[:: max(1, -(-len(open_rows) // MOST_ITEMS))]
    block = read_rows(proba, rows, context)
    block = block[~np.isnan(block[:, 0])]
    known = context.teaching[context.teaching != NO_LABEL]
    # Each open item looked at stands for several: known ones must not outweigh them.
    scale = len(rows) / max(len(open_rows), 1)
    counts = np.bincount(known, minlength=proba.shape[1]) * active
    return estimate_class_prior(block, scale * counts, active.astype(np.float64), pull=PULL)
