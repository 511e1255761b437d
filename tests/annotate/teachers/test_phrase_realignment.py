from __future__ import annotations

import numpy as np
import pytest

from annotate.teachers import phrase_realignment as module
from annotate.teachers.open_vocabulary import Naming, assign_words, name_groups
from annotate.teachers.phrase_realignment import (
    Phrases,
    candidate_words,
    distinct_phrases,
    realign,
)
from tests.annotate.teachers.test_open_vocabulary import corpus
from tests.fakes import ArrayRows


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def reference_shares(vectors, naming, phrases, words, n_nearest):
    """The definition, item by item: how much of each group is for each word."""
    rows = []
    for group in range(len(naming.words)):
        own = np.flatnonzero(phrases.groups == group).tolist()
        said = {w: sum(phrases.weights[p] for p in own if phrases.words[p] == w) for w in words}
        votes = dict.fromkeys(words, 0.0)
        for item in np.flatnonzero(naming.groups == group):
            if not own:
                votes[naming.votes[item]] += 1
            nearest = sorted(own, key=lambda p: -float(vectors[item] @ phrases.features[p]))
            for p in nearest[:n_nearest]:
                votes[phrases.words[p]] += phrases.weights[p] / said[phrases.words[p]]
        rows.append([votes[w] / sum(votes.values()) for w in words])
    return np.array(rows)


def any_phrases(rng, naming, dim, n=25):
    """Phrases about the candidates of each group but the last, in every direction."""
    found = candidate_words(naming)
    groups = np.sort(rng.integers(0, len(found) - 1, n))
    words = np.array([rng.choice(found[g][found[g] >= 0]) for g in groups])
    weights = rng.integers(1, 4, n).astype(float)
    return Phrases(groups, words, weights, unit(rng.normal(size=(n, dim))))


@pytest.mark.parametrize("n_nearest", [1, 3])
def test_groups_get_the_words_that_the_definition_speaks_for(rng, monkeypatch, n_nearest):
    vectors, words, _ = corpus(rng, n_items=240)
    vectors[7] = np.nan
    rows = ArrayRows(vectors.astype(np.float32))
    naming = name_groups(rows, words, 6)
    phrases = any_phrases(rng, naming, 16)
    monkeypatch.setattr(module, "_BLOCK_VALUES", 400)
    found = realign(rows, words, naming, phrases, n_nearest=n_nearest)
    voted = np.unique(naming.votes[naming.votes >= 0])
    shares = reference_shares(rows.values, naming, phrases, voted.tolist(), n_nearest)
    expected = assign_words(shares, voted)
    assert set(found.words.tolist()) == set(expected.tolist())
    nearest = expected[(rows.values @ unit(words[expected]).T).argmax(axis=1)]
    usable = naming.votes >= 0
    np.testing.assert_array_equal(found.words[found.groups][usable], nearest[usable])
    assert found.groups[7] == -1


# Two groups, along the first two axes. Names lie badly: the first group votes for word 0 three
# times out of four, though it is 1 by all that is said of both.
ITEMS = np.array([[1, 0, 0.3], [1, 0, 0.3], [1, 0, 0.3], [1, 0, -0.3], [0, 1, 0], [0, 1, 0]])
WORDS = unit(np.array([[1, 0, 0.2], [1, 0, -0.2], [0, 1, 0]]))
NAMING = Naming(
    words=np.array([0, 2]),
    groups=np.array([0, 0, 0, 0, 1, 1]),
    votes=np.array([0, 0, 0, 1, 2, 2]),
    support=np.array([0.75, 1]),
)
TABLE = Phrases(
    groups=np.zeros(4, dtype=np.int64),
    words=np.array([0, 0, 1, 1]),
    weights=np.array([1.0, 1.0, 3.0, 1.0]),
    features=unit(np.array([[-1, 0, 1], [-1, 0, -1], [1, 0, 1], [1, 0, 0]])),
)


def test_a_phrase_table_made_by_hand_turns_a_name_round():
    assert candidate_words(NAMING).tolist() == [[0, 1, -1], [2, -1, -1]]
    found = realign(ArrayRows(ITEMS.astype(np.float32)), WORDS, NAMING, TABLE)
    # The three nearest are both phrases of word 1, and one of word 0: 1 against 0.5 an item.
    assert found.words.tolist() == [1, 2]
    assert found.groups.tolist() == NAMING.groups.tolist()
    assert found.support.tolist() == [0.25, 1]


def test_without_phrases_nothing_changes(rng):
    vectors, words, _ = corpus(rng)
    rows = ArrayRows(vectors.astype(np.float32))
    naming = name_groups(rows, words, 6)
    none = np.empty(0, dtype=np.int64)
    found = realign(rows, words, naming, Phrases(none, none, none.astype(float), words[:0]))
    np.testing.assert_array_equal(found.words[found.groups], naming.words[naming.groups])


def test_candidates_are_counted_by_their_votes(rng):
    vectors, words, _ = corpus(rng)
    naming = name_groups(ArrayRows(vectors.astype(np.float32)), words, 6)
    for group, found in enumerate(candidate_words(naming).tolist()):
        counts = np.bincount(naming.votes[naming.groups == group], minlength=40)
        assert found == sorted(range(40), key=lambda w: (-counts[w], w))[:3]


def test_shared_phrases_and_names_are_dropped_and_repeats_are_counted():
    said = [
        {"cat": ["whiskers", "four legs", "Whiskers"], "dog": ["Four  legs ", "wet nose", "CAT"]},
        {"cat": ["WHISKERS", "dog"], "dog": ["wet nose"]},
        {"dog": ["a bark", "dog"]},
    ]
    said[0]["dog"][0] = "Four legs "
    assert distinct_phrases(said, ["cat", "dog"]) == {
        "cat": {"whiskers": 2},
        "dog": {"wet nose": 2, "a bark": 1},
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_nearest": 0}, "n_nearest must be 1"),
        ({"weights": np.array([1.0, 0, 1, 1])}, "weights must be above 0"),
        ({"words": np.array([0, 0, 1, 2])}, "of its group vote for"),
        ({"words": np.array([0, 0, 1, 9])}, "of its group vote for"),
    ],
)
def test_phrases_must_fit_their_groups(change, message):
    n_nearest = change.pop("n_nearest", 3)
    phrases = Phrases(**(vars(TABLE) | change))
    rows = ArrayRows(ITEMS.astype(np.float32))
    with pytest.raises(ValueError, match=message):
        realign(rows, WORDS, NAMING, phrases, n_nearest=n_nearest)
