"""Cohen's kappa of every two reviewers who answered the same items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints
from annotate.quality.answers import check_answers


@dataclass(frozen=True)
class PairwiseKappa:
    """Agreement of pairs of reviewers, one entry a pair that shares an item, in order of number.

    Attributes
    ----------
    first, second : int arrays of shape (n_pairs,)
        The reviewers; first < second.
    n_common : int array of shape (n_pairs,)
        Items that both answered.
    n_equal : int array of shape (n_pairs,)
        Those to which both gave the same class.
    kappa : float array of shape (n_pairs,)
        -1 to 1; NaN where both gave one and the same class to everything, which leaves nothing for
        chance to explain.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    n_common: NDArray[np.int64]
    n_equal: NDArray[np.int64]
    kappa: NDArray[np.float64]


def pairwise_kappa(items: Ints, reviewers: Ints, classes: Ints) -> PairwiseKappa:
    """Return Cohen's kappa of all pairs of reviewers at once.

    A crowd of some hundred reviewers has ten thousands of pairs: scikit-learn's
    ``cohen_kappa_score``, with which the tests compare, takes them one by one.

    Parameters
    ----------
    items, reviewers, classes : int arrays of shape (n_answers,)
        Numbers from 0; a reviewer answers an item once at most.

    References
    ----------
    Cohen 1960, "A coefficient of agreement for nominal scales", doi:10.1177/001316446002000104.
    """
    check_answers(items, reviewers, classes)
    left, right = _pairs_of_answers(items, reviewers)
    n_reviewers = int(reviewers.max(initial=-1)) + 1
    codes = reviewers[left].astype(np.int64) * n_reviewers + reviewers[right]
    pairs, pair, n_common = np.unique(codes, return_inverse=True, return_counts=True)
    equal = classes[left] == classes[right]
    n_equal = np.bincount(pair[equal], minlength=len(pairs))
    by_chance = _equal_by_chance(pair, classes[left], classes[right], len(pairs))
    with np.errstate(invalid="ignore"):
        kappa = (n_equal - by_chance / n_common) / (n_common - by_chance / n_common)
    return PairwiseKappa(pairs // n_reviewers, pairs % n_reviewers, n_common, n_equal, kappa)


def _pairs_of_answers(items: Ints, reviewers: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every two answers to one item, that of the lower reviewer left."""
    order = np.lexsort((reviewers, items))
    n_by_item = np.bincount(items)
    n_later = np.repeat(n_by_item, n_by_item) - 1  # n - 1 for each answer of an item, in order
    n_later -= np.arange(len(order)) - np.repeat(np.cumsum(n_by_item) - n_by_item, n_by_item)
    left = np.repeat(np.arange(len(order)), n_later)
    starts = np.cumsum(n_later) - n_later
    right = left + 1 + np.arange(len(left)) - np.repeat(starts, n_later)
    return order[left], order[right]


def _equal_by_chance(pair: Ints, left: Ints, right: Ints, n_pairs: int) -> NDArray[np.float64]:
    """Return for each pair the sum over classes of how often each of the two gave it, multiplied.

    Counted over the classes that a pair used, not over all: there may be 4,096 of them.
    """
    n_classes = int(max(left.max(initial=0), right.max(initial=0))) + 1
    codes = pair.astype(np.int64) * n_classes
    cells, cell = np.unique(np.concatenate([codes + left, codes + right]), return_inverse=True)
    n_left = np.bincount(cell[: len(left)], minlength=len(cells))
    n_right = np.bincount(cell[len(left) :], minlength=len(cells))
    both = (n_left * n_right).astype(np.float64)
    return np.bincount(cells // n_classes, weights=both, minlength=n_pairs).astype(np.float64)
