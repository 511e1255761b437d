"""Averaging a student with the teacher that the rounds began with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats

# How each share was chosen, and what the others gave: docs/methods.md, "anchor".
SHARE_TAUGHT_BY_LABELS = 0.5
SHARE_TAUGHT_BY_NAMES = 0.3
SHARE_UNDER_QUOTAS = 0.1


def anchor_share(*, learnt_from_labels: bool, equal_classes: bool) -> float:
    """Return the anchor's share in the mean.

    A teacher that learnt from labels is the better anchor. One that knows names alone is needed
    less where the round gave every class the same quota: no class can swallow another there.
    """
    if learnt_from_labels:
        return SHARE_TAUGHT_BY_LABELS
    return SHARE_UNDER_QUOTAS if equal_classes else SHARE_TAUGHT_BY_NAMES


def average_with_anchor(proba: Floats, anchor: Floats, share: float) -> NDArray[np.float32]:
    """Return ``(1 - share) * proba + share * anchor``.

    The first teacher is right for reasons of its own: labels that people gave, or what the class
    names mean. Keeping it in the mean stops a chain of students, each taught by the one before it,
    from drifting away from that, each a little further.

    Parameters
    ----------
    proba, anchor : float arrays of shape (n_items, n_classes)
        Rows sum to 1; a row of NaN means no answer.
    share : float
        Weight of the anchor, 0 to 1.

    Returns
    -------
    float32 array of shape (n_items, n_classes)
        Where one of the two has no answer, the other one's; NaN where neither has.
    """
    if proba.shape != anchor.shape:
        raise ValueError(
            f"proba and anchor must be the same items; got {proba.shape}, {anchor.shape}."
        )
    if not 0 <= share <= 1:
        raise ValueError(f"share must be 0 to 1; got {share}.")
    mean = (1 - share) * proba + share * anchor
    mean = np.where(np.isnan(anchor), proba, mean)
    return np.where(np.isnan(proba), anchor, mean).astype(np.float32)
