"""Confidence from asking several times: the share of answers that agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints
from annotate.quality.votes import vote_shares


def consistency_proba(answers: Ints, n_classes: int) -> NDArray[np.float32]:
    """Return class probabilities from repeated answers to the same question.

    Parameters
    ----------
    answers : int array of shape (n_items, n_samples)
        Classes named; -1 where an answer names none.
    n_classes : int

    Returns
    -------
    float32 array of shape (n_items, n_classes)
        Share of the answers, one more spread evenly over all classes: a few that agree are not
        certain. NaN where no answer names a class.

    References
    ----------
    Wang et al. 2022, "Self-consistency improves chain of thought reasoning", arXiv:2203.11171.
    """
    n_named = (answers >= 0).sum(axis=1, keepdims=True)
    counts = vote_shares(answers, n_classes) * n_named
    return np.asarray((counts + 1 / n_classes) / (n_named + 1), dtype=np.float32)
