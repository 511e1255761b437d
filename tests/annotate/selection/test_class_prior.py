from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.class_prior import corpus_class_prior, estimate_class_prior


def shifted(rng, shares, taught, n_items):
    """Return a teacher's probabilities, exact for shares as taught, on a corpus of others."""
    classes = rng.choice(len(shares), size=n_items, p=shares)
    points = rng.normal(size=n_items) + 1.5 * classes
    density = np.exp(-0.5 * (points[:, None] - 1.5 * np.arange(len(shares))) ** 2)
    proba = density * taught
    return proba / proba.sum(axis=1, keepdims=True), classes


def literal_prior(proba, taught, n_steps):
    """Equations 2.10 and 2.11, slowly."""
    shares = list(taught)
    for _ in range(n_steps):
        sums = [0.0] * len(shares)
        for row in proba:
            moved = [s / t * p for s, t, p in zip(shares, taught, row, strict=True)]
            sums = [total + m / sum(moved) for total, m in zip(sums, moved, strict=True)]
        shares = [total / len(proba) for total in sums]
    return shares


def test_it_is_the_fixed_point_of_the_definition(rng):
    taught = [0.5, 0.3, 0.2]
    proba, _ = shifted(rng, [0.1, 0.2, 0.7], taught, 150)
    found = estimate_class_prior(proba, taught=np.array(taught))
    np.testing.assert_allclose(found, literal_prior(proba, taught, 100), atol=1e-3)


@pytest.mark.parametrize("taught", [[1 / 3, 1 / 3, 1 / 3], [0.6, 0.3, 0.1]])
def test_it_finds_shares_that_counting_does_not(rng, taught):
    shares = np.array([0.05, 0.15, 0.8])
    proba, _ = shifted(rng, shares, taught, 20_000)
    counted = np.bincount(proba.argmax(axis=1), minlength=3) / 20_000
    found = estimate_class_prior(proba, taught=np.array(taught))
    assert np.abs(found - shares).sum() < 0.03 < np.abs(counted - shares).sum()


def test_known_items_count_as_sure_answers(rng):
    proba, _ = shifted(rng, [0.5, 0.5], [0.5, 0.5], 100)
    counts = np.array([300, 0])
    with_known = estimate_class_prior(proba, counts)
    as_answers = estimate_class_prior(np.r_[proba, np.tile([1.0, 0.0], (300, 1))])
    np.testing.assert_allclose(with_known, as_answers, atol=1e-4)


def test_the_pull_keeps_a_biased_teacher_from_one_class_for_all():
    proba = np.tile([0.6, 0.4], (100, 1))
    assert estimate_class_prior(proba)[0] > 0.99
    # a = (w + 0.15) / 1.3, where w = 0.6 a / (0.6 a + 0.4 (1 - a)).
    share = estimate_class_prior(proba, pull=0.3)[0]
    posterior = 0.6 * share / (0.6 * share + 0.4 * (1 - share))
    assert share == pytest.approx((posterior + 0.15) / 1.3, abs=1e-4)
    assert share < 0.85


def test_nothing_to_go_by_leaves_the_shares_as_taught():
    assert estimate_class_prior(np.zeros((0, 2)), taught=np.array([3, 1])).tolist() == [0.75, 0.25]


def test_a_corpus_is_sampled_evenly_and_a_retired_class_has_no_share(rng, monkeypatch):
    proba, classes = shifted(rng, [0.2, 0.3, 0.5], [1 / 3] * 3, 6000)
    labels = np.where(rng.random(6000) < 0.3, classes, -1)
    given = SelectionContext(labels=labels, class_active=np.array([True, False, True]))
    whole = corpus_class_prior(proba.astype(np.float32), given)
    assert whole[1] == 0
    assert whole.sum() == pytest.approx(1)
    monkeypatch.setattr("annotate.selection.class_prior.MOST_ITEMS", 1000)
    np.testing.assert_allclose(corpus_class_prior(proba, given), whole, atol=0.03)
