from __future__ import annotations

import numpy as np
import pytest

from annotate.training.weights import balance_classes, balance_weights, normalize_weights


def test_mean_is_one_and_proportions_stay():
    np.testing.assert_allclose(normalize_weights(np.array([1.0, 3.0]), 2), [0.5, 1.5])


def test_none_weighs_all_rows_alike():
    assert normalize_weights(None, 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize("weights", [[0, 0], [1, -1], [1, np.nan], [1, 1, 1]])
def test_refuses_what_are_no_weights(weights):
    with pytest.raises(ValueError, match="sample_weight must"):
        normalize_weights(np.array(weights, dtype=float), 2)


def test_pseudo_labels_together_weigh_no_more_than_given_ones():
    is_given = np.array([True, True, False, False, False, False])
    np.testing.assert_allclose(balance_weights(np.ones(6), is_given), [1, 1, 0.5, 0.5, 0.5, 0.5])


def test_what_a_selector_made_lighter_stays_lighter():
    is_given = np.array([True, True, False, False, False, False])
    balanced = balance_weights(np.array([1, 1, 0.1, 0.1, 0.1, 0.1]), is_given)
    np.testing.assert_allclose(balanced[~is_given].sum(), 0.1 * balanced[is_given].sum())


def test_few_pseudo_labels_keep_their_weight():
    weights = np.array([1, 1, 1, 0.5])
    np.testing.assert_allclose(balance_weights(weights, weights == 1), weights)


def test_without_given_labels_nothing_is_balanced():
    weights = np.array([1.0, 0.5])
    np.testing.assert_allclose(balance_weights(weights, np.zeros(2, dtype=bool)), weights)


def test_the_first_few_answers_do_not_sway_a_whole_corpus():
    is_given = np.arange(1001) == 0
    balanced = balance_weights(np.ones(1001), is_given)
    assert balanced[0] == 1
    np.testing.assert_allclose(balanced[1:], 0.03)


def test_every_class_that_occurs_weighs_alike_and_the_sum_stays():
    labels = np.array([0, 0, 0, 2, 2, 5])
    weights = np.array([1.0, 2.0, 3.0, 0.5, 0.5, 5.0])
    balanced = balance_classes(weights, labels)
    np.testing.assert_allclose(np.bincount(labels, balanced), [4, 0, 4, 0, 0, 4])
    # Inside a class nothing changes but the scale.
    np.testing.assert_allclose(balanced[:3] / balanced[0], [1, 2, 3], rtol=1e-6)


def test_nothing_to_balance_is_no_error():
    assert balance_classes(np.zeros(0), np.zeros(0, dtype=int)).shape == (0,)
