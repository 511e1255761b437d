from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from annotate.quality.flips import Flip, find_flips


def test_pairs_are_counted_as_by_hand():
    before = np.array([0, 0, 1, 1, -1, 2])
    after = np.array([1, 1, 1, 0, 0, -1])
    flips = find_flips(before, after)
    assert (flips.n_items, flips.n_changed) == (6, 5)
    assert flips.pairs[0] == Flip(before=0, after=1, n=2, rows=(0, 1))
    assert set(flips.pairs[1:]) == {Flip(-1, 0, 1, (4,)), Flip(1, 0, 1, (3,)), Flip(2, -1, 1, (5,))}


def test_counts_agree_with_the_definition(rng):
    before, after = rng.integers(-1, 6, size=(2, 500))
    expected = Counter(
        (b, a) for b, a in zip(before.tolist(), after.tolist(), strict=True) if b != a
    )
    found = find_flips(before, after, n_pairs=100)
    assert {(p.before, p.after): p.n for p in found.pairs} == expected
    assert found.n_changed == expected.total()


def test_examples_are_the_first_rows_of_their_pair(rng):
    before, after = rng.integers(0, 3, size=(2, 200))
    for pair in find_flips(before, after, n_examples=4).pairs:
        rows = np.flatnonzero((before == pair.before) & (after == pair.after))
        assert pair.rows == tuple(rows[:4].tolist())


def test_only_the_most_frequent_pairs_are_kept(rng):
    before, after = rng.integers(0, 9, size=(2, 2000))
    counts = [pair.n for pair in find_flips(before, after, n_pairs=1000).pairs]
    assert counts == sorted(counts, reverse=True)
    assert [pair.n for pair in find_flips(before, after, n_pairs=5).pairs] == counts[:5]


@pytest.mark.parametrize("labels", [[], [0, 1], [-1, -1]])
def test_equal_labels_have_no_flips(labels):
    flips = find_flips(np.array(labels, dtype=int), np.array(labels, dtype=int))
    assert (flips.n_changed, flips.pairs) == (0, ())


def test_labels_of_different_items_are_refused():
    with pytest.raises(ValueError, match="same items"):
        find_flips(np.zeros(3, int), np.zeros(4, int))
