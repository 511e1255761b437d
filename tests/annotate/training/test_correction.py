from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax

from annotate.training.correction import (
    CHOICES_OF_C,
    FEW_ANSWERS_C,
    INTERCEPT,
    Correction,
    choose_C,
    unit_features,
)
from tests.fakes import ArrayRows


@pytest.fixture
def problem(rng):
    """Rows of length about 1, a teacher, and what people answered."""
    X = rng.normal(size=(30, 4)).astype(np.float32) / 2
    proba = rng.dirichlet(np.ones(3), 30).astype(np.float32)
    return X, rng.integers(3, size=30), proba


def test_it_finds_what_a_general_optimiser_finds(problem):
    X, y, proba = problem
    rows = np.column_stack([X, np.full(30, INTERCEPT)])

    def objective(flat):
        weight = flat.reshape(3, 5)
        log_proba = log_softmax(np.log(proba) + rows @ weight.T, axis=1)
        return -5.0 * log_proba[np.arange(30), y].sum() + 0.5 * (weight**2).sum()

    expected = minimize(objective, np.zeros(15)).x.reshape(3, 5)
    found = Correction(C=5.0).fit(X, y, proba).parameters()["weight"]
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_a_teacher_that_is_sure_and_right_is_left_alone(problem):
    X, y, _ = problem
    sure = np.full((30, 3), 1e-4, dtype=np.float32)
    sure[np.arange(30), y] = 1 - 2e-4
    corrected = Correction().fit(X, y, sure).log_proba(X, sure)
    np.testing.assert_allclose(np.exp(corrected), sure, atol=1e-3)


def test_an_answer_raises_its_class_most_where_items_are_alike():
    X = np.array([[1, 0], [0.9, 0.1], [-1, 0]], dtype=np.float32)
    proba = np.full((3, 2), 0.5, dtype=np.float32)
    log_proba = Correction().fit(X[:1], np.array([1]), proba[:1]).log_proba(X, proba)
    answered, alike, unlike = np.exp(log_proba)[:, 1]
    assert answered > alike > 0.5 > unlike


def test_where_the_teacher_has_no_answer_the_answers_alone_speak():
    X = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    nothing = np.full((2, 2), np.nan, dtype=np.float32)
    fitted = Correction().fit(X, np.array([0, 1]), nothing)
    np.testing.assert_array_equal(fitted.log_proba(X, nothing).argmax(axis=1), [0, 1])


def test_answers_that_say_nothing_about_others_move_a_teacher_least(rng):
    X = rng.normal(size=(300, 20)).astype(np.float32) / 4
    proba = np.full((300, 2), 0.5, dtype=np.float32)
    chance = rng.integers(2, size=300)
    assert choose_C(X, chance, proba) == min(CHOICES_OF_C)
    assert choose_C(X, (X[:, 0] > 0).astype(int), proba) == max(CHOICES_OF_C)


def test_a_handful_of_answers_chooses_nothing(problem):
    X, y, proba = problem
    assert choose_C(X[:19], y[:19], proba[:19]) == FEW_ANSWERS_C


def test_probabilities_sum_to_one(problem):
    X, y, proba = problem
    corrected = np.exp(Correction().fit(X, y, proba).log_proba(X, proba))
    np.testing.assert_allclose(corrected.sum(axis=1), 1, atol=1e-5)


def test_a_class_held_for_impossible_can_be_learnt():
    X = np.eye(4, dtype=np.float32)
    proba = np.tile(np.array([1, 0], dtype=np.float32), (4, 1))
    fitted = Correction().fit(X, np.ones(4, dtype=int), proba)
    assert np.isfinite(fitted.log_proba(X, proba)).all()
    assert fitted.log_proba(X, proba)[0, 1] > np.log(1e-4)


def test_a_teacher_stays_sure_however_many_classes_there_are():
    proba = np.zeros((2, 4096), dtype=np.float32)
    proba[:, 7] = 1
    X = np.eye(2, dtype=np.float32)
    fitted = Correction().fit(X[:1], np.array([7]), proba[:1])
    assert fitted.log_proba(X, proba)[1, 7] > np.log(0.989)


def test_features_get_mean_zero_and_mean_square_one(rng):
    values = rng.normal(3, 7, size=(200, 5)).astype(np.float32)
    values[4] = np.nan
    unit = unit_features(ArrayRows(values)).astype(np.float64)
    rest = np.delete(unit, 4, axis=0)
    np.testing.assert_allclose(rest.mean(axis=0), 0, atol=1e-3)
    assert (rest**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(unit[4], 0)


def test_rows_that_do_not_match_are_refused(problem):
    X, y, proba = problem
    with pytest.raises(ValueError, match="same rows"):
        Correction().fit(X, y[:-1], proba)
    with pytest.raises(ValueError, match="same rows"):
        Correction().fit(X[:0], y[:0], proba[:0])
    with pytest.raises(ValueError, match="C must be above 0"):
        Correction(C=0)
