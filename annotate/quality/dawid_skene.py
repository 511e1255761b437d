"""Consensus of reviewers who err, each in a way of their own: the method of Dawid and Skene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints
from annotate.quality.answers import check_answers

SMOOTHING = 0.01
MOST_STEPS = 500
TOLERANCE = 1e-7
# 1.2 GB of float64: posteriors and confusion matrices are dense.
MOST_VALUES = 150_000_000


@dataclass(frozen=True)
class Consensus:
    """What answers say about items and about those who gave them.

    Attributes
    ----------
    proba : float array of shape (n_items, n_classes)
        Probability of each class being the true one.
    confusion : float array of shape (n_reviewers, n_classes, n_classes)
        ``confusion[k, j, l]``: how likely reviewer k gives class l to an item of class j; rows sum
        to 1.
    prior : float array of shape (n_classes,)
        Share of each class among the items.
    n_steps : int
    converged : bool
        False if the last step still raised the log-posterior noticeably.
    """

    proba: NDArray[np.float64]
    confusion: NDArray[np.float64]
    prior: NDArray[np.float64]
    n_steps: int
    converged: bool


def fits(n_items: int, n_reviewers: int, n_classes: int) -> bool:
    """Say whether a consensus of this size can be held in memory."""
    return n_items * n_classes + n_reviewers * n_classes**2 <= MOST_VALUES


def dawid_skene(
    items: Ints,
    reviewers: Ints,
    classes: Ints,
    n_classes: int,
    *,
    smoothing: float = SMOOTHING,
    most_steps: int = MOST_STEPS,
    tolerance: float = TOLERANCE,
) -> Consensus:
    """Return the likeliest confusion matrices, and the items' classes under them.

    Parameters
    ----------
    items, reviewers : int arrays of shape (n_answers,)
        Numbered from 0 without gaps.
    classes : int array of shape (n_answers,)
        The class given, below ``n_classes``.
    n_classes : int
    smoothing : float
        Answers added to each cell of a confusion matrix, above 0.
    most_steps : int
        Steps of expectation maximisation, 1 or more.
    tolerance : float
        Stop when a step raises the log-posterior by less than this an answer.

    Raises
    ------
    ValueError
        If a number has a gap, there are no answers, or the result would not fit into memory.

    References
    ----------
    Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM
    algorithm", doi:10.2307/2346806; equations 2.3 to 2.5, from vote shares (section 3). Differs in
    one way: every cell of a confusion matrix starts with ``smoothing`` answers, which makes the
    estimate that of a Dirichlet prior and lets nobody be certain never to err.
    """
    check_answers(items, reviewers, classes)
    n_items, n_reviewers = (_count_all(items, "items"), _count_all(reviewers, "reviewers"))
    _check_size(classes, n_items, n_reviewers, n_classes)
    from scipy.sparse import csr_array

    # The paper's n_il^k: a row for each item, a column for each (reviewer, class given).
    cells = reviewers.astype(np.int64) * n_classes + classes
    given = csr_array(
        (np.ones(len(items)), (items, cells)), shape=(n_items, n_reviewers * n_classes)
    )
    given_by_cell = given.T.tocsr()
    proba = given @ np.tile(np.eye(n_classes), (n_reviewers, 1))
    proba /= proba.sum(axis=1, keepdims=True)
    before, converged, n_steps = -np.inf, False, 0
    while n_steps < most_steps and not converged:
        n_steps += 1
        prior = proba.mean(axis=0)
        # Row (k, l), column j: how often class l came from reviewer k for items of class j.
        counts = (given_by_cell @ proba).reshape(n_reviewers, n_classes, n_classes) + smoothing
        chance = counts / counts.sum(axis=1, keepdims=True)
        log_chance = np.log(chance)
        with np.errstate(divide="ignore"):
            joint = np.log(prior) + given @ log_chance.reshape(-1, n_classes)
        proba, log_likelihood = _normalised(joint)
        now = (log_likelihood + smoothing * log_chance.sum()) / len(items)
        converged, before = bool(now - before < tolerance), now
    return Consensus(proba, chance.transpose(0, 2, 1), prior, n_steps, converged)


def _normalised(joint: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the posteriors of log joint probabilities, and the log-likelihood of all items."""
    highest = joint.max(axis=1, keepdims=True)
    proba = np.exp(joint - highest)
    totals = proba.sum(axis=1, keepdims=True)
    proba /= totals
    return proba, float((highest + np.log(totals)).sum())


def _count_all(numbers: Ints, name: str) -> int:
    if len(numbers) == 0:
        raise ValueError("A consensus needs answers; got none.")
    counts = np.bincount(numbers)
    if not counts.all():
        raise ValueError(
            f"{name} must be numbered without gaps; {int(np.flatnonzero(counts == 0)[0])} has no"
            " answer. Use the inverse of np.unique."
        )
    return len(counts)


def _check_size(classes: Ints, n_items: int, n_reviewers: int, n_classes: int) -> None:
    if classes.max() >= n_classes:
        raise ValueError(f"classes must be below {n_classes}; got {classes.max()}.")
    if not fits(n_items, n_reviewers, n_classes):
        raise ValueError(
            f"A consensus must fit into memory; {n_items:,} items, {n_reviewers:,} reviewers and"
            f" {n_classes:,} classes do not. Leave out classes that nobody gave."
        )
