from __future__ import annotations

import numpy as np
import pytest

from annotate.training.mean_iou import confusion, mean_iou


def reference_mean_iou(predicted, truth, n_classes):
    """The definition, with sets of pixels; unknown pixels are in none."""
    known = [place for place, label in enumerate(truth.ravel().tolist()) if label != -1]
    ratios = []
    for number in range(n_classes):
        there = {place for place in known if truth.ravel()[place] == number}
        said = {place for place in known if predicted.ravel()[place] == number}
        if there | said:
            ratios.append(len(there & said) / len(there | said))
    return sum(ratios) / len(ratios)


def test_it_meets_the_definition(rng):
    for _ in range(20):
        truth = rng.integers(-1, 5, (3, 4, 4))
        predicted = np.where(rng.random(truth.shape) < 0.5, truth.clip(0), rng.integers(0, 5))
        found = mean_iou(confusion(predicted, truth, 7))
        assert found == pytest.approx(reference_mean_iou(predicted, truth, 7))


def test_rows_are_the_truth():
    counts = confusion(np.array([[1, 1, 0]]), np.array([[0, 1, -1]]), 2)
    assert counts.tolist() == [[0, 1], [0, 1]]


def test_a_class_in_neither_is_left_out_and_one_in_either_counts():
    # Class 0: 2 of 3 pixels; class 1: only true, 0 of 1; class 2: nowhere.
    counts = confusion(np.array([0, 0, 0]), np.array([0, 0, 1]), 3)
    assert mean_iou(counts) == pytest.approx((2 / 3 + 0) / 2)
    assert mean_iou(confusion(np.array([0, 1]), np.array([0, 0]), 3)) == pytest.approx(0.25)


def test_what_is_predicted_at_an_unknown_pixel_does_not_count():
    truth = np.array([0, 255, 1])
    for guess in (0, 1, 9):
        counts = confusion(np.array([0, guess, 1]), truth, 2, ignore=255)
        assert counts.tolist() == [[1, 0], [0, 1]]


def test_counts_of_batches_add_up(rng):
    truth, predicted = rng.integers(0, 3, (2, 6, 4, 4), dtype=np.int8)
    parts = sum(confusion(predicted[part], truth[part], 3) for part in (slice(2), slice(2, 6)))
    np.testing.assert_array_equal(parts, confusion(predicted, truth, 3))


def test_small_types_of_masks_hold_many_classes():
    labels = np.arange(100, dtype=np.int8)
    assert mean_iou(confusion(labels, labels, 100)) == 1.0


@pytest.mark.parametrize(
    ("predicted", "truth", "told"),
    [([0, 1], [0], "one shape"), ([2], [0], "0 to 1; got 0 to 2"), ([0], [-2], "got -2 to 0")],
)
def test_masks_that_do_not_fit_are_refused(predicted, truth, told):
    with pytest.raises(ValueError, match=told):
        confusion(np.array(predicted), np.array(truth), 2)


def test_no_mean_of_nothing():
    with pytest.raises(ValueError, match="one pixel or more"):
        mean_iou(confusion(np.array([0, 1]), np.array([-1, -1]), 2))
