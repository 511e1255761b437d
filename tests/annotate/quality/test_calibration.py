from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax

from annotate.quality.calibration import (
    apply_temperature,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
    temperature_for_confidence,
)


def test_bins_hold_the_means_of_their_items():
    confidence, right = np.array([0.05, 0.95, 1.0, 0.91]), np.array([False, True, True, False])
    low, high = reliability_bins(confidence, right, n_bins=10)
    assert (low.mean_confidence, low.accuracy, low.n_items) == (0.05, 0, 1)
    assert high.n_items == 3
    assert high.accuracy == pytest.approx(2 / 3)
    assert high.mean_confidence == pytest.approx((0.95 + 1.0 + 0.91) / 3)


def test_error_is_the_gap_weighted_by_items():
    confidence = np.array([0.9] * 3 + [0.6])
    right = np.array([True, True, False, False])
    expected = 3 / 4 * abs(0.9 - 2 / 3) + 1 / 4 * 0.6
    assert expected_calibration_error(confidence, right) == pytest.approx(expected)
    assert math.isnan(expected_calibration_error(np.zeros(0), np.zeros(0, dtype=bool)))


def test_confidence_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="0 to 1"):
        reliability_bins(np.array([1.2]), np.array([True]))
    with pytest.raises(ValueError, match=r"\(n,\)"):
        reliability_bins(np.array([0.2, 0.3]), np.array([True]))


def test_temperature_divides_the_logits(rng):
    logits = rng.normal(size=(20, 4))
    flatter = apply_temperature(softmax(logits, axis=1), 2.5)
    np.testing.assert_allclose(flatter, softmax(logits / 2.5, axis=1), atol=1e-6)


def test_items_without_an_answer_stay_without_and_zeros_stay_zero():
    proba = np.array([[np.nan, np.nan], [1.0, 0.0]])
    np.testing.assert_array_equal(apply_temperature(proba, 3.0), proba)


def test_finds_the_temperature_that_the_logits_were_multiplied_with(rng):
    logits = rng.normal(size=(20_000, 3)) * 2
    truth = (rng.gumbel(size=logits.shape) + logits).argmax(axis=1)
    overconfident = softmax(logits * 3, axis=1)
    assert fit_temperature(overconfident, truth) == pytest.approx(3, rel=0.05)


def test_a_fitted_temperature_lowers_the_calibration_error(rng):
    logits = rng.normal(size=(5_000, 3)) * 2
    truth = (rng.gumbel(size=logits.shape) + logits).argmax(axis=1)
    proba = softmax(logits * 4, axis=1)
    calibrated = apply_temperature(proba, fit_temperature(proba, truth))
    before, after = (
        expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == truth)
        for p in (proba, calibrated)
    )
    assert after < before / 4


def test_no_answers_give_no_temperature():
    with pytest.raises(ValueError, match="at least one"):
        fit_temperature(np.full((2, 2), np.nan), np.array([0, 1]))


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.9])
def test_a_temperature_brings_the_mean_confidence_to_what_is_wanted(rng, wanted):
    proba = rng.dirichlet(np.full(3, 5.0), size=200)
    scaled = apply_temperature(proba, temperature_for_confidence(proba, wanted))
    assert scaled.max(axis=1).mean() == pytest.approx(wanted, abs=1e-3)


def test_a_confidence_out_of_reach_gives_the_nearest_temperature(rng):
    proba = rng.dirichlet(np.full(3, 5.0), size=200)
    assert temperature_for_confidence(proba, 0.0) == pytest.approx(math.exp(5))
    assert temperature_for_confidence(proba, 1.0) == pytest.approx(math.exp(-5))
