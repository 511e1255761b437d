"""SSLD: a student learns a teacher's probabilities on a chosen pool, without any label.

First ``without_duplicates`` takes out of the pool what the evaluation set holds too; then
``top_k_per_class`` chooses from the rest what the teacher is surest of; on that the student is
driven to the teacher by ``jensen_shannon``.

References
----------
Cui et al. 2021, "Beyond self-supervision: a simple yet effective network distillation alternative
to improve backbones", arXiv:2103.05959. Differs in two ways: pictures are matched by the cosine of
their features, not by SIFT, and the teacher must reach a floor, since the most confident of a class
that the pool lacks are junk.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from annotate.checks import check_proba
from annotate.compute.nearest import NEVER, nearest_rows
from annotate.protocols import Floats

ROWS_PER_BLOCK = 1_024


def jensen_shannon(logits: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return the mean of ``(KL(p || m) + KL(q || m)) / 2`` with ``m = (p + q) / 2``.

    Parameters
    ----------
    logits : float tensor of shape (n, n_classes)
        The student's, of which p is the softmax.
    teacher : float tensor of shape (n, n_classes)
        The probabilities q; rows sum to 1.

    Returns
    -------
    float tensor of shape ()
        0 where both agree, to ``log 2``.
    """
    student, target = torch.log_softmax(logits, dim=1), _log(teacher)
    middle = torch.logaddexp(student, target) - math.log(2)
    return (_divergence(student, middle) + _divergence(target, middle)).mean() / 2


def top_k_per_class(proba: Floats, k: int, floor: float) -> NDArray[np.intp]:
    """Return the rows of each class's ``k`` most confident predictions.

    Parameters
    ----------
    proba : float array of shape (n_pool, n_classes)
        The teacher's; a row counts for its likeliest class. A row of NaN is never returned.
    k : int
        1 or more. A class with fewer rows that reach the floor gets these.
    floor : float
        0 to 1: the least confidence.

    Returns
    -------
    int array of shape (n_chosen,)
        Ascending. Of equal confidences the earlier row comes first.

    Raises
    ------
    ValueError
        If ``proba`` holds no probabilities, or ``k`` or ``floor`` is out of range.
    """
    check_proba(proba)
    if k < 1 or not 0 <= floor <= 1:
        raise ValueError(f"k must be 1 or more and floor 0 to 1; got {k} and {floor}.")
    confidence = proba.max(axis=1)
    rows = np.flatnonzero(confidence >= floor)
    predicted = proba[rows].argmax(axis=1)
    # Stable, so that equal confidences keep row order.
    by_class = np.lexsort((-confidence[rows], predicted))
    classes = predicted[by_class]
    rank = np.arange(len(classes)) - np.searchsorted(classes, classes)
    return np.sort(rows[by_class[rank < k]])


def without_duplicates(
    pool_features: Floats, other_features: Floats, threshold: float
) -> NDArray[np.intp]:
    """Return the rows of a pool that resemble no row of another set, such as that of a test.

    All pairs are compared, block by block: it takes a few hundred megabytes however many they are.

    Parameters
    ----------
    pool_features : float array of shape (n_pool, dim)
        Of one encoder, of any length. A row of NaN is not returned, since it cannot be compared.
    other_features : float array of shape (n_other, dim)
        Of the same encoder; rows of NaN are passed over.
    threshold : float
        Above -1 and below 1. Rows whose highest cosine reaches it are left out.

    Returns
    -------
    int array of shape (n_kept,)
        Ascending.

    Raises
    ------
    ValueError
        If the shapes do not fit, the other set is empty, or the threshold is out of range.
    """
    _check_features(pool_features, other_features)
    if not -1 < threshold < 1:
        raise ValueError(
            "threshold must be above -1 and below 1, as rounding takes even equal rows below 1;"
            f" got {threshold}. Try 0.99."
        )
    kept: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    for start in range(0, len(pool_features), ROWS_PER_BLOCK):
        block = pool_features[start : start + ROWS_PER_BLOCK]
        highest = nearest_rows(block, other_features, k=1)[1][:, 0]
        kept.append(start + np.flatnonzero((highest > NEVER) & (highest < threshold)))
    return np.concatenate(kept)


def _check_features(pool: Floats, other: Floats) -> None:
    if pool.ndim != 2 or pool.shape[1:] != other.shape[1:] or len(other) == 0:
        raise ValueError(
            "pool and other features must be (n, dim) of one dim, with a row of others or more;"
            f" got shapes {pool.shape} and {other.shape}. Encode both with one encoder."
        )


def _log(proba: torch.Tensor) -> torch.Tensor:
    return proba.clamp(min=torch.finfo(proba.dtype).tiny).log()


def _divergence(log_p: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    """Return (n,) ``KL(p || q)``."""
    return (log_p.exp() * (log_p - log_q)).sum(dim=1)
