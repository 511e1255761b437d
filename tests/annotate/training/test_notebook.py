from __future__ import annotations

import numpy as np
import pytest

from annotate.training.notebook import flipped_weights


def reference(weights, before, after, factor):
    """The definition, item by item."""
    raised = []
    for weight, old, new in zip(weights.tolist(), before.tolist(), after.tolist(), strict=True):
        has_both = old >= 0 and new >= 0
        raised.append(weight * factor if has_both and old != new else weight)
    return [weight * sum(weights.tolist()) / sum(raised) for weight in raised]


def test_only_a_label_that_became_another_counts_twice():
    before, after = np.array([0, 1, -1, 2, -1]), np.array([0, 2, 1, -1, -1])
    weights = flipped_weights(np.ones(5), before, after)
    np.testing.assert_allclose(weights, np.array([1, 2, 1, 1, 1]) * 5 / 6, rtol=1e-6)
    assert weights.dtype == np.float32


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 7.5])
def test_it_is_the_definition(rng, factor):
    weights = rng.random(60)
    before, after = rng.integers(-1, 3, (2, 60))
    np.testing.assert_allclose(
        flipped_weights(weights, before, after, factor),
        reference(weights, before, after, factor),
        rtol=1e-6,
    )


def test_the_sum_stays(rng):
    weights = rng.random(60)
    before, after = rng.integers(-1, 3, (2, 60))
    total = flipped_weights(weights, before, after, 10.0).sum()
    np.testing.assert_allclose(total, weights.sum(), rtol=1e-6)


@pytest.mark.parametrize("change", [0, 1])
def test_where_none_or_all_changed_nothing_is_weighed_anew(rng, change):
    weights, before = rng.random(20), rng.integers(0, 3, 20)
    np.testing.assert_allclose(flipped_weights(weights, before, before + change), weights, 1e-6)


@pytest.mark.parametrize("n_items", [0, 3])
def test_without_any_weight_there_is_nothing_to_share_out(n_items):
    weights = flipped_weights(np.zeros(n_items), np.arange(n_items), np.arange(n_items) + 1)
    assert weights.tolist() == [0] * n_items


def test_the_given_weights_are_not_changed():
    weights = np.ones(2)
    flipped_weights(weights, np.array([0, 0]), np.array([0, 1]))
    assert weights.tolist() == [1, 1]


@pytest.mark.parametrize("factor", [0.0, -1.0, np.inf, np.nan])
def test_a_factor_must_be_a_number_above_0(factor):
    with pytest.raises(ValueError, match="factor must be a number above 0; got"):
        flipped_weights(np.ones(1), np.zeros(1, dtype=int), np.zeros(1, dtype=int), factor)


def test_every_item_needs_a_weight_and_both_labels():
    with pytest.raises(ValueError, match=r"one entry an item; got shapes \(2,\), \(3,\)"):
        flipped_weights(np.ones(2), np.zeros(3, dtype=int), np.zeros(2, dtype=int))
