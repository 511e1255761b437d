"""How spread a prediction is over the classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from annotate.protocols import Floats


def normalised_entropy(proba: Floats, n_active: int) -> NDArray[np.float64]:
    """Return (n,) the entropy over the entropy of ``n_active`` equal probabilities, 0 to 1.

    Parameters
    ----------
    proba : float array of shape (n, n_classes)
        Retired classes at 0. Rows are brought to a sum of 1; one in which nothing is left knows
        nothing and has 1.
    n_active : int
        With fewer than 2 there is nothing to be unsure of: 0.
    """
    if n_active < 2:
        return np.zeros(len(proba))
    # Sorted, so that the sum is the same however classes are numbered.
    ordered = np.sort(proba.astype(np.float64), axis=1)
    totals = ordered.sum(axis=1, keepdims=True)
    shares = np.divide(ordered, totals, out=np.zeros_like(ordered), where=totals > 0)
    return np.where(totals[:, 0] > 0, entr(shares).sum(axis=1) / np.log(n_active), 1)
