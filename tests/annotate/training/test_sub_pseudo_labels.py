from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from annotate.training import sub_pseudo_labels as module
from annotate.training.sub_pseudo_labels import VARIANTS, sub_pseudo_labels

WEAK = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 2, -1, 2])
SAID = np.array([0, 0, 0, 1, 1, 2, 3, 1, 0, 2, 1, -1])


def reference(weak, teacher, variant, n_min, n_apart):
    """The definition, item by item; ``merged`` is not here. Groups as sets of items."""
    both = [(i, (w, t)) for i, (w, t) in enumerate(zip(weak, teacher, strict=True))]
    both = [(i, pair) for i, pair in both if min(pair) >= 0]
    apart = Counter(pair for _, pair in sorted(both, key=lambda b: b[1]) if pair[0] != pair[1])
    frequent = [pair for pair, _ in apart.most_common(n_apart)]

    def key(pair):
        same = pair[0] == pair[1]
        if variant == "binary":
            return pair[0], same
        if variant == "diagonal_plus" and not same and pair not in frequent:
            return pair[0], "other"
        return pair

    groups = {}
    for i, pair in both:
        groups.setdefault(key(pair), set()).add(i)
    return {frozenset(g) for g in groups.values() if len(g) >= n_min}


def as_sets(found):
    return {frozenset(np.flatnonzero(found.groups == g).tolist()) for g in range(found.n_groups)}


@pytest.mark.parametrize("variant", ["full", "binary", "diagonal_plus"])
@pytest.mark.parametrize("n_min", [1, 6])
def test_groups_are_those_of_the_definition(variant, n_min, rng):
    for _ in range(20):
        weak, teacher = rng.integers(-1, 5, (2, 120))
        found = sub_pseudo_labels(weak, teacher, variant, n_min=n_min, n_apart=4)
        told = weak.tolist(), teacher.tolist()
        assert as_sets(found) == reference(*told, variant, n_min, 4)
        assert found.n_found == len(reference(*told, variant, 1, 4))


def test_a_case_counted_by_hand():
    full = sub_pseudo_labels(WEAK, SAID, n_min=2)
    assert full.groups.tolist() == [0, 0, 0, 1, 1, -1, -1, -1, -1, -1, -1, -1]
    assert (full.sizes.tolist(), full.n_found) == ([3, 2], 7)
    assert full.pairs.tolist() == [[0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [1, 1], [2, 2]]
    assert full.pair_sizes.tolist() == [3, 2, 1, 1, 1, 1, 1]
    assert full.pair_groups.tolist() == [0, 1, -1, -1, -1, -1, -1]
    plus = sub_pseudo_labels(WEAK, SAID, "diagonal_plus", n_apart=1)
    assert plus.groups.tolist() == [0, 0, 0, 1, 1, 2, 2, 4, 3, 5, -1, -1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_counts_of_every_variant_add_up(variant, rng):
    weak, teacher = rng.integers(-1, 8, (2, 500))
    found = sub_pseudo_labels(weak, teacher, variant, n_min=5)
    np.testing.assert_array_equal(found.sizes, np.bincount(found.groups[found.groups >= 0]))
    assert (np.diff(found.sizes) <= 0).all() and (found.sizes >= 5).all()
    assert found.pair_sizes.sum() == ((weak >= 0) & (teacher >= 0)).sum()
    for (w, t), group in zip(found.pairs.tolist(), found.pair_groups.tolist(), strict=True):
        assert set(found.groups[(weak == w) & (teacher == t)].tolist()) == {group}


def counted(table):
    """Weak labels and a teacher's, as many of each pair as the table says."""
    rows, columns = np.nonzero(table)
    counts = table[rows, columns]
    return np.repeat(rows, counts), np.repeat(columns, counts)


def test_merging_puts_together_what_is_confused_both_ways():
    """0 and 1 are taken for each other, and so are 2 and 3."""
    table = np.diag([50, 50, 50, 50])
    table[0, 1], table[1, 0], table[2, 3], table[3, 2] = 20, 15, 18, 12
    found = sub_pseudo_labels(*counted(table), "merged", n_apart=2)
    apart = found.pairs[:, 0] != found.pairs[:, 1]
    group = dict(zip(map(tuple, found.pairs.tolist()), found.pair_groups.tolist(), strict=True))
    assert group[0, 1] == group[1, 0] != group[2, 3] == group[3, 2]
    assert len(set(found.pair_groups[~apart].tolist())) == 4
    assert found.sizes.tolist() == [50, 50, 50, 50, 35, 30]


def test_merging_follows_profiles_computed_by_hand():
    """Ward over the mean of a row's and a column's shares, by SciPy instead of scikit-learn."""
    from scipy.cluster.hierarchy import fcluster, linkage

    table = np.random.default_rng(1).integers(1, 40, (5, 5))
    found = sub_pseudo_labels(*counted(table), "merged", n_apart=6)
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    profiles = [
        [(table[i, c] / table[i].sum() + table[c, j] / table[:, j].sum()) / 2 for c in range(5)]
        for i, j in pairs
    ]
    expected = fcluster(linkage(profiles, "ward"), 6, "maxclust")
    group = dict(zip(map(tuple, found.pairs.tolist()), found.pair_groups.tolist(), strict=True))
    ours = [group[pair] for pair in pairs]
    assert len(set(zip(ours, expected.tolist(), strict=True))) == len(set(ours)) == 6


def test_few_different_pairs_are_left_as_they_are():
    weak, teacher = np.array([0, 1, 2]), np.array([1, 2, 2])
    merged = sub_pseudo_labels(weak, teacher, "merged")
    assert as_sets(merged) == as_sets(sub_pseudo_labels(weak, teacher))


@pytest.mark.parametrize("variant", VARIANTS)
def test_nobody_who_says_anything_makes_no_group(variant):
    found = sub_pseudo_labels(np.full(4, -1), np.array([0, 1, -1, 2]), variant)
    assert (found.n_groups, found.n_found) == (0, 0)
    assert found.groups.tolist() == [-1] * 4


def test_classes_may_have_high_numbers():
    found = sub_pseudo_labels(np.array([4000, 4000, 3]), np.array([3, 3, 4000]), "merged")
    assert found.groups.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher": np.array([0])}, "both have shape"),
        ({"variant": "some"}, "one of full, binary"),
        ({"n_min": 0}, "n_min must be 1 or more"),
        ({"n_apart": 0}, "n_apart must be 1 or more"),
    ],
)
def test_arguments_must_fit(change, message):
    given = {"weak": np.array([0, 1]), "teacher": np.array([1, 0])} | change
    with pytest.raises(ValueError, match=message):
        sub_pseudo_labels(**given)


def test_more_pairs_than_can_be_merged_are_refused(monkeypatch, rng):
    monkeypatch.setattr(module, "MOST_MERGED", 10)
    weak, teacher = rng.integers(0, 8, (2, 500))
    with pytest.raises(ValueError, match="diagonal_plus"):
        sub_pseudo_labels(weak, teacher, "merged", n_apart=2)
