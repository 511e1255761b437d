"""Names that are told apart by phrases: groups vote again, for what is said of each candidate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints, Rows
from annotate.schema import collision_key
from annotate.teachers.open_vocabulary import Naming, assign_words, regroup, vote_shares

N_CANDIDATES = 3
N_NEAREST = 3
NO_WORD = -1
_BLOCK_VALUES = 8_000_000


@dataclass(frozen=True)
class Phrases:
    """Phrases about the candidates of groups.

    Attributes
    ----------
    groups, words : int arrays of shape (n_phrases,)
        The group and the candidate that each is about.
    weights : float array of shape (n_phrases,)
        Above 0, such as how often it was said.
    features : float array of shape (n_phrases, dim)
        Of length 1, in the space of the items.
    """

    groups: NDArray[np.int64]
    words: NDArray[np.int64]
    weights: NDArray[np.float64]
    features: NDArray[np.float32]


def candidate_words(naming: Naming, n_candidates: int = N_CANDIDATES) -> NDArray[np.int64]:
    """Return the words that most items of each group vote for by themselves.

    Returns
    -------
    int array of shape (n_groups, n_candidates)
        The most frequent first, of equal ones the lower; -1 where there are fewer.
    """
    shares, words = vote_shares(naming.groups, naming.votes)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :n_candidates]
    found = np.where(np.take_along_axis(shares, order, axis=1) > 0, words[order], NO_WORD)
    out = np.full((len(found), n_candidates), NO_WORD)
    out[:, : found.shape[1]] = found
    return out


def distinct_phrases(
    said: Sequence[Mapping[str, Sequence[str]]], names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return the phrases that tell each name from the others, with how often each was said.

    Left out is what was said of two names, and what is itself a name. Case, width and outer blanks
    do not matter; a phrase is given as it was said first.

    Parameters
    ----------
    said : sequence of mapping
        Of each repeat, the phrases of each name; a phrase counts once a repeat.
    names : sequence of str
        The candidates of one group.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    spelt: dict[str, str] = {}
    for one in said:
        for name in names:
            keys = {collision_key(phrase): phrase for phrase in reversed(one.get(name, ()))}
            counts[name].update(keys.keys())
            spelt = keys | spelt
    n_names = Counter(key for own in counts.values() for key in own)
    taken = {collision_key(name) for name in names}
    kept = {key for key, n in n_names.items() if n == 1 and key not in taken}
    return {
        name: {spelt[key]: n for key, n in own.items() if key in kept}
        for name, own in counts.items()
    }


def realign(
    features: Rows,
    word_features: Floats,
    naming: Naming,
    phrases: Phrases,
    *,
    n_nearest: int = N_NEAREST,
) -> Naming:
    """Return groups whose words were chosen by the phrases nearest to their items.

    Each item of a group votes with its nearest phrases among those about the group's candidates; a
    phrase counts by its weight, as a share of all that is said of its candidate. Every group then
    gets a word of its own such that as many votes as possible are followed, and each item goes to
    the nearest of the words.

    Parameters
    ----------
    features : Rows of shape (n_items, dim)
        A row of NaN has no group.
    word_features : float array of shape (n_words, dim)
        Of the whole vocabulary.
    naming : Naming
    phrases : Phrases
        A group without any keeps the votes that it had. One with some should have some about each
        of its candidates, for without any none can win.
    n_nearest : int
        Phrases that an item votes with, 1 or more.

    Raises
    ------
    ValueError
        If n_nearest is below 1, a weight is not above 0, or a phrase is about a word that none of
        the group votes for.

    References
    ----------
    Zhang et al. 2024 (S3A), AAAI, step 6. Differs in that a group's votes are made to sum to 1
    before words are assigned, as they do before phrases.
    """
    if n_nearest < 1:
        raise ValueError(f"n_nearest must be 1 or more; got {n_nearest}.")
    if len(phrases.weights) and not phrases.weights.min() > 0:
        raise ValueError(f"weights must be above 0; got {phrases.weights.min()}.")
    shares, words = vote_shares(naming.groups, naming.votes)
    column = np.searchsorted(words, phrases.words)
    known = np.append(words, NO_WORD)[column] == phrases.words
    if not (known.all() and (shares[phrases.groups, column] > 0).all()):
        raise ValueError("A phrase must be about a word that items of its group vote for.")
    by_group = np.argsort(naming.groups, kind="stable")
    starts = np.searchsorted(naming.groups[by_group], np.arange(len(naming.words) + 1))
    for group in np.unique(phrases.groups).tolist():
        own = np.flatnonzero(phrases.groups == group)
        members = np.sort(by_group[starts[group] : starts[group + 1]])
        shares[group] = _phrase_votes(
            features, members, phrases.features[own], _shares_of_words(phrases, own),
            column[own], len(words), n_nearest,
        )  # fmt: skip
    return regroup(features, word_features, assign_words(shares, words), naming.votes)


def _shares_of_words(phrases: Phrases, own: Ints) -> NDArray[np.float64]:
    """Return what each phrase weighs of all that is said of its candidate."""
    _, word = np.unique(phrases.words[own], return_inverse=True)
    weights = phrases.weights[own]
    return weights / np.bincount(word, weights)[word]


def _phrase_votes(
    features: Rows, members: Ints, vectors: NDArray[np.float32], weights: NDArray[np.float64],
    column: Ints, n_words: int, n_nearest: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Return (n_words,) the votes of a group's items, which sum to 1."""
    votes = np.zeros(n_words)
    step = max(1, _BLOCK_VALUES // max(len(vectors), features.shape[1]))
    first = max(len(vectors) - n_nearest, 0)
    for start in range(0, len(members), step):
        # Length does not change which phrase is nearest.
        cosines = features.take(members[start : start + step]) @ vectors.T
        nearest = np.argpartition(cosines, first, axis=1)[:, first:]
        votes += np.bincount(column[nearest].ravel(), weights[nearest].ravel(), n_words)
    return votes / votes.sum()
