"""Names for a corpus without classes: groups of items vote on the words of a large vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints, Rows

N_PASSES = 3
SAMPLE_ROWS = 20_000
NO_GROUP = -1
_BLOCK_VALUES = 8_000_000


@dataclass(frozen=True)
class Naming:
    """Groups of items with a word each.

    Attributes
    ----------
    words : int array of shape (n_groups,)
        The word of each group, its row in the vocabulary; no word stands twice. Largest group
        first.
    groups : int array of shape (n_items,)
        The group of each item; -1 for an item without features.
    votes : int array of shape (n_items,)
        The word nearest to each item by itself, -1 without features.
    support : float array of shape (n_groups,)
        Share of the group whose own nearest word is the group's.
    """

    words: NDArray[np.int64]
    groups: NDArray[np.int64]
    votes: NDArray[np.int64]
    support: NDArray[np.float64]


def name_groups(
    features: Rows, word_features: Floats, n_groups: int, *, seed: int = 0, passes: int = N_PASSES
) -> Naming:
    """Return groups of items, each with the word that they vote for together.

    Items are put into groups by k-means; each votes for its nearest word; every group gets a word
    of its own such that as many votes as possible are followed; then each item goes to the nearest
    of the words chosen, and they vote again.

    Parameters
    ----------
    features : Rows of shape (n_items, dim)
        A row of NaN has no group.
    word_features : float array of shape (n_words, dim)
        Of one vocabulary, in the space of the items.
    n_groups : int
        To begin with, 1 or more; fewer may be left.
    seed : int
        For k-means.
    passes : int
        How often groups vote, 1 or more.

    Raises
    ------
    ValueError
        If there are fewer words or items with features than groups.

    References
    ----------
    Zhang et al. 2024 (S3A), AAAI, steps 1 to 4. Differs in three ways: centres are found on a
    sample of 20,000 items; a group for which no vote of its own is left takes no word, where
    theirs is given any; groups that are empty are dropped.
    """
    n_words = len(word_features)
    words = _unit(np.asarray(word_features, dtype=np.float32))
    votes = _nearest_words(features, words)
    n_usable = int((votes >= 0).sum())
    if passes < 1:
        raise ValueError(f"passes must be 1 or more; got {passes}.")
    if not 1 <= n_groups <= min(n_words, n_usable):
        raise ValueError(
            f"n_groups must be 1 to {min(n_words, n_usable)}, with {n_words} words and {n_usable}"
            f" items with features; got {n_groups}."
        )
    centres = find_centres(_sample(features, votes, seed), n_groups, seed)
    groups = _nearest_words(features, _unit(centres))
    chosen: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    for _ in range(passes):
        chosen = assign_words(*vote_shares(groups, votes))
        groups = _nearest_words(features, words[chosen])
    return _naming(chosen, groups, votes)


def vote_shares(groups: Ints, votes: Ints) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return which share of each group votes for which word.

    Parameters
    ----------
    groups, votes : int arrays of shape (n_items,)
        Group and vote of each item, -1 for none.

    Returns
    -------
    shares : float array of shape (n_groups, n_voted)
        Rows sum to 1; a row for each group with a vote, in order of group.
    words : int array of shape (n_voted,)
        The words that have votes, ascending.
    """
    counted = (groups >= 0) & (votes >= 0)
    own, group_of = np.unique(groups[counted], return_inverse=True)
    voted, word_of = np.unique(votes[counted], return_inverse=True)  # words without votes: no use
    cells = np.bincount(group_of * len(voted) + word_of, minlength=len(own) * len(voted))
    counts = cells.reshape(len(own), len(voted))
    return counts / counts.sum(axis=1, keepdims=True), np.asarray(voted, dtype=np.int64)


def assign_words(shares: Floats, words: Ints) -> NDArray[np.int64]:
    """Return a word for each group that has one, no word twice, so that most votes are followed.

    Parameters
    ----------
    shares : float array of shape (n_groups, n_voted)
        How much of each group is for each word, 0 or more.
    words : int array of shape (n_voted,)

    Returns
    -------
    int array of shape (n_named,)
        In order of group. A group that would get a word which none of its items voted for is left
        out.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(shares, maximize=True)
    followed = shares[rows, columns] > 0
    return np.asarray(words[columns[followed]], dtype=np.int64)


def regroup(
    features: Rows, word_features: Floats, chosen: Ints, votes: NDArray[np.int64]
) -> Naming:
    """Return each item in the group of the nearest of the words that were chosen.

    Parameters
    ----------
    features : Rows of shape (n_items, dim)
    word_features : float array of shape (n_words, dim)
        Of the whole vocabulary.
    chosen : int array of shape (n_groups,)
    votes : int array of shape (n_items,)
        The word nearest to each item by itself.
    """
    words = _unit(np.asarray(word_features, dtype=np.float32)[chosen])
    return _naming(chosen, _nearest_words(features, words), votes)


def _naming(chosen: Ints, groups: NDArray[np.int64], votes: NDArray[np.int64]) -> Naming:
    """Return groups with their words, the largest first, those without items left out."""
    counts = np.bincount(groups[groups >= 0], minlength=len(chosen))
    order: NDArray[np.int64] = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    place = np.full(len(chosen) + 1, NO_GROUP)
    place[order] = np.arange(len(order))
    groups, words = place[groups], np.asarray(chosen, dtype=np.int64)[order]
    follows = (groups >= 0) & (votes == np.append(words, -2)[groups])
    support = np.bincount(groups[follows], minlength=len(words)) / counts[order]
    return Naming(words, groups, votes, support)


def find_centres(vectors: Floats, n_groups: int, seed: int) -> NDArray[np.float32]:
    """Return (n_groups, dim) k-means centres of vectors at length 1."""
    from sklearn.cluster import KMeans

    found = KMeans(n_groups, n_init=1, random_state=seed).fit(_unit(vectors))
    return np.asarray(found.cluster_centers_, dtype=np.float32)


def _nearest_words(features: Rows, words: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the row of ``words`` nearest to each item by cosine, -1 without features."""
    n_items = features.shape[0]
    out = np.full(n_items, NO_GROUP, dtype=np.int64)
    step = max(1, _BLOCK_VALUES // max(len(words), features.shape[1]))
    for start in range(0, n_items, step):
        block = features.read(start, min(start + step, n_items))
        usable = np.isfinite(block).all(axis=1)
        # Length does not change which word is nearest.
        out[start : start + len(block)][usable] = (block[usable] @ words.T).argmax(axis=1)
    return out


def _sample(features: Rows, votes: Ints, seed: int) -> NDArray[np.float32]:
    rows = np.flatnonzero(votes >= 0)
    if len(rows) > SAMPLE_ROWS:
        drawn = np.random.default_rng(seed).choice(len(rows), SAMPLE_ROWS, replace=False)
        rows = rows[np.sort(drawn)]
    return features.take(rows)


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
