from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from annotate.quality.cohen_kappa import pairwise_kappa
from tests.annotate.quality.crowd import draw_answers


def test_kappa_of_every_pair_is_scikit_learns(rng):
    answers = draw_answers(rng, n_items=200, n_reviewers=6, n_classes=4)
    found = pairwise_kappa(*answers)
    by_reviewer = [
        dict(zip(answers[0][mine].tolist(), answers[2][mine].tolist(), strict=True))
        for mine in (answers[1] == number for number in range(6))
    ]
    pairs = zip(found.first.tolist(), found.second.tolist(), strict=True)
    assert list(pairs) == list(combinations(range(6), 2))
    for place, (a, b) in enumerate(combinations(by_reviewer, 2)):
        common = sorted(a.keys() & b.keys())
        left, right = [a[item] for item in common], [b[item] for item in common]
        assert found.n_common[place] == len(common)
        assert found.n_equal[place] == sum(map(int.__eq__, left, right))
        assert found.kappa[place] == pytest.approx(cohen_kappa_score(left, right))


def test_reviewers_without_a_common_item_are_no_pair():
    found = pairwise_kappa(np.array([0, 1, 2]), np.array([0, 1, 1]), np.array([0, 0, 1]))
    assert found.kappa.tolist() == []


def test_the_order_of_the_answers_does_not_matter(rng):
    answers = np.stack(draw_answers(rng, n_items=50, n_reviewers=4, n_classes=3))
    one, other = pairwise_kappa(*answers), pairwise_kappa(*rng.permutation(answers, axis=1))
    np.testing.assert_array_equal(one.kappa, other.kappa)


def test_full_agreement_is_1_and_with_a_single_class_undefined():
    items, reviewers = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert pairwise_kappa(items, reviewers, np.array([0, 0, 1, 1])).kappa.tolist() == [1.0]
    assert np.isnan(pairwise_kappa(items, reviewers, np.zeros(4, dtype=int)).kappa).tolist() == [
        True
    ]


def test_no_answers_give_no_pairs():
    assert len(pairwise_kappa(*np.zeros((3, 0), dtype=int)).first) == 0
