from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from annotate.training import logistic
from annotate.training.logistic import fit_logistic


def draw_clusters(rng, n, dim, n_classes):
    y = rng.integers(0, n_classes, n)
    return (rng.normal(size=(n_classes, dim))[y] + rng.normal(size=(n, dim))).astype(np.float32), y


def objective(X, y, sample_weight, C, weight, bias):
    logits = X.astype(np.float64) @ weight.T + bias
    log_proba = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -C * (sample_weight * log_proba[np.arange(len(y)), y]).sum() + 0.5 * (weight**2).sum()


@pytest.mark.parametrize("C", [0.1, 1.0, 30.0])
def test_reaches_the_optimum_of_scikit_learns_objective(rng, C):
    X, y = draw_clusters(rng, 400, 6, 4)
    weights = rng.uniform(0.1, 3, 400)
    exact = LogisticRegression(C=C, tol=1e-10, max_iter=5000).fit(X, y, sample_weight=weights)
    best = objective(X, y, weights, C, exact.coef_, exact.intercept_)
    ours = objective(X, y, weights, C, *fit_logistic(X, y, weights, 4, C=C))
    assert best * (1 - 1e-6) <= ours <= best * 1.005


def test_a_tighter_tolerance_finds_scikit_learns_probabilities(rng):
    X, y = draw_clusters(rng, 300, 5, 3)
    weight, bias = fit_logistic(X, y, np.ones(300), 3, C=1.0, tolerance=1e-10)
    exact = LogisticRegression(tol=1e-10, max_iter=5000).fit(X, y)
    logits = X @ weight.T + bias
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(proba, exact.predict_proba(X), atol=1e-3)


def test_large_data_started_from_a_quarter_end_at_the_same_optimum(rng, monkeypatch):
    X, y = draw_clusters(rng, 600, 5, 3)
    small = fit_logistic(X, y, np.ones(600), 3, C=1.0, tolerance=1e-9)
    monkeypatch.setattr(logistic, "SAMPLE_ROWS", 100)
    monkeypatch.setattr(logistic, "ROWS_PER_BLOCK", 100)
    large = fit_logistic(X, y, np.ones(600), 3, C=1.0, tolerance=1e-9)
    for one, other in zip(small, large, strict=True):
        np.testing.assert_allclose(one, other, atol=5e-3)


def test_features_on_very_unlike_scales_are_no_obstacle(rng):
    X, y = draw_clusters(rng, 500, 4, 3)
    X *= np.array([1e-2, 1, 10, 100], dtype=np.float32)
    rough = fit_logistic(X, y, np.ones(500), 3, C=1.0)
    best = fit_logistic(X, y, np.ones(500), 3, C=1.0, tolerance=1e-9)
    gap = objective(X, y, 1, 1.0, *rough) / objective(X, y, 1, 1.0, *best)
    assert 1 - 1e-6 <= gap <= 1.005


def test_repeats_to_the_byte(rng):
    X, y = draw_clusters(rng, 200, 4, 3)
    one, other = (fit_logistic(X, y, np.ones(200), 3, C=1.0) for _ in range(2))
    assert one[0].tobytes() == other[0].tobytes()
    assert one[1].tobytes() == other[1].tobytes()
