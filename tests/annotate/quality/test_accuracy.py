from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

from annotate.quality.accuracy import (
    accuracy,
    class_accuracies,
    confusion_matrix,
    wilson_interval,
)

LABELS = np.array([0, 0, 1, -1, 2, 1])
TRUTH = np.array([0, 1, 1, 1, -1, 1])


def test_counts_only_items_with_both_label_and_truth():
    assert accuracy(LABELS, TRUTH) == 3 / 4
    assert math.isnan(accuracy(np.array([-1]), np.array([0])))


def test_confusion_equals_scikit_learns(rng):
    labels, truth = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    expected = sklearn_confusion_matrix(truth, labels)
    np.testing.assert_array_equal(confusion_matrix(labels, truth, 4), expected)


def test_recall_and_precision_of_each_class():
    zero, one, two = class_accuracies(LABELS, TRUTH, 3)
    assert (zero.recall, zero.precision) == (1, 0.5)
    assert (one.recall, one.precision) == (2 / 3, 1)
    assert math.isnan(two.recall)
    assert two.n_labelled == 0


def test_wilson_equals_the_textbook_formula():
    n, p, z = 50, 0.8, 1.959964
    centre, spread = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = [(centre + sign * spread) / (1 + z**2 / n) for sign in (-1, 1)]
    assert wilson_interval(40, 50) == pytest.approx(expected, abs=1e-6)


@given(n=st.integers(1, 500), share=st.floats(0, 1))
def test_wilson_holds_the_share_seen(n, share):
    n_right = round(share * n)
    low, high = wilson_interval(n_right, n)
    assert 0 <= low <= n_right / n + 1e-12
    assert n_right / n - 1e-12 <= high <= 1


def test_nothing_seen_says_nothing():
    assert wilson_interval(0, 0) == (0, 1)
    with pytest.raises(ValueError, match="0 to n"):
        wilson_interval(3, 2)
