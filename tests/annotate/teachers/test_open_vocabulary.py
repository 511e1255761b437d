from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from annotate.teachers import open_vocabulary as module
from annotate.teachers.open_vocabulary import assign_words, name_groups, vote_shares
from tests.fakes import ArrayRows


def reference_words(groups, votes, n_groups, n_words):
    """Every way to give groups different words; the one that follows the largest shares."""
    share = np.zeros((n_groups, n_words))
    for group, vote in zip(groups, votes, strict=True):
        share[group, vote] += 1 / sum(g == group for g in groups)
    ways = permutations(range(n_words), n_groups)
    return max(ways, key=lambda way: sum(share[g, w] for g, w in enumerate(way)))


def test_words_are_those_of_the_best_of_all_ways(rng):
    for _ in range(20):
        groups = np.concatenate([np.arange(3), rng.integers(0, 3, 9)])
        votes = rng.integers(0, 4, 12)
        found = assign_words(*vote_shares(groups, votes))
        best = reference_words(groups.tolist(), votes.tolist(), 3, 4)
        shares = [
            sum((votes[groups == g] == w).mean() for g, w in enumerate(way))
            for way in (found if len(found) == 3 else best, best)
        ]
        assert shares[0] == pytest.approx(shares[1])


def test_a_group_that_would_get_a_word_nobody_voted_for_has_none():
    groups = np.array([0, 0, 0, 1, 1])
    votes = np.array([2, 2, 2, 2, 2])
    assert assign_words(*vote_shares(groups, votes)).tolist() == [2]


def corpus(rng, n_classes=6, n_words=40, n_items=600, noise=0.35):
    """Items around the first words of a vocabulary, so noisy that single votes often stray."""
    words = rng.normal(size=(n_words, 16))
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    truth = np.arange(n_items) % n_classes
    return words[truth] + noise * rng.normal(size=(n_items, 16)), words, truth


def test_groups_find_more_of_the_right_names_than_single_items(rng):
    vectors, words, truth = corpus(rng)
    naming = name_groups(ArrayRows(vectors.astype(np.float32)), words, 6)
    assert set(naming.words.tolist()) == set(range(6))
    alone = (naming.votes == truth).mean()
    assert (naming.words[naming.groups] == truth).mean() > alone + 0.1
    assert len(np.unique(naming.votes)) > 20


def test_the_largest_group_is_first_and_support_is_counted(rng):
    vectors, words, truth = corpus(rng)
    kept = (truth != 2) | (np.arange(600) < 100)
    naming = name_groups(ArrayRows(vectors[kept].astype(np.float32)), words, 6)
    sizes = np.bincount(naming.groups)
    assert (np.diff(sizes) <= 0).all() and len(sizes) == len(naming.words)
    first = naming.groups == 0
    assert naming.support[0] == (naming.votes[first] == naming.words[0]).mean()


def test_too_many_groups_leave_only_those_that_have_items(rng):
    vectors, words, _ = corpus(rng, noise=0.05)
    naming = name_groups(ArrayRows(vectors.astype(np.float32)), words, 30)
    assert sorted(naming.words.tolist()) == list(range(6))
    assert naming.groups.max() == 5


def test_items_without_features_have_no_group_and_blocks_do_not_matter(rng, monkeypatch):
    vectors, words, _ = corpus(rng)
    vectors[7] = np.nan
    rows = ArrayRows(vectors.astype(np.float32))
    whole = name_groups(rows, words, 6)
    monkeypatch.setattr(module, "_BLOCK_VALUES", 400)
    blocks = name_groups(rows, words, 6)
    assert whole.groups[7] == whole.votes[7] == -1
    np.testing.assert_array_equal(whole.groups, blocks.groups)


@pytest.mark.parametrize("n_groups", [0, 41])
def test_groups_must_fit_the_vocabulary(n_groups, rng):
    vectors, words, _ = corpus(rng)
    with pytest.raises(ValueError, match="1 to 40"):
        name_groups(ArrayRows(vectors.astype(np.float32)), words, n_groups)
