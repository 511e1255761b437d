"""The class that a row of probabilities says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Floats


def most_likely(proba: Floats) -> NDArray[np.int32]:
    """Return (n_items,) the class of highest probability, -1 where there is no answer.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
        A row of NaN is no answer. Of equal ones the first class counts.
    """
    answered = ~np.isnan(proba[:, 0])
    guess = np.full(len(proba), NO_LABEL, dtype=np.int32)
    guess[answered] = proba[answered].argmax(axis=1)
    return guess
