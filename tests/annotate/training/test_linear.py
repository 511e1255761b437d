from __future__ import annotations

import numpy as np
import pytest

from annotate.training.linear import Linear, total_variance


def test_scale_and_offset_of_the_features_do_not_matter(rng):
    X, y = rng.normal(size=(80, 4)), np.arange(80) % 3
    plain = Linear().fit(X, y).predict_proba(X)
    moved = Linear().fit(X * 50 + 7, y).predict_proba(X * 50 + 7)
    np.testing.assert_allclose(plain, moved, atol=5e-3)


def test_total_variance_is_the_sum_of_the_columns_variances(rng):
    X = rng.normal(size=(50, 3)) * [1, 2, 3] + 10
    assert total_variance(X) == pytest.approx(X.var(axis=0).sum(), rel=1e-4)


def test_a_weight_of_two_equals_a_row_given_twice(rng):
    X, y = rng.normal(size=(30, 3)), np.arange(30) % 2
    weights = np.ones(30)
    weights[:10] = 2
    # One number scales all features; without it the spread of the doubled rows would differ.
    X -= X.mean(axis=0)
    weighted = Linear(C=1).fit(X, y, weights)
    doubled = Linear(C=1).fit(np.concatenate([X, X[:10]]), np.concatenate([y, y[:10]]))
    assert (
        np.corrcoef(weighted.parameters()["weight"][0], doubled.parameters()["weight"][0])[0, 1]
        > 0.99
    )


def test_only_the_proportions_of_weights_matter(rng):
    X, y, weights = rng.normal(size=(40, 3)), np.arange(40) % 2, rng.uniform(0.5, 2, 40)
    one, other = (Linear().fit(X, y, weights * factor).predict_proba(X) for factor in (1, 1024))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_class_without_rows_gets_next_to_nothing(rng):
    X, y = rng.normal(size=(40, 3)), np.where(np.arange(40) % 2, 3, 1)
    proba = Linear(n_classes=5).fit(X, y).predict_proba(X)
    assert proba.shape == (40, 5)
    assert 0 < proba[:, [0, 2, 4]].max() < 1e-12


def test_rows_without_features_get_no_answer(rng):
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    student = Linear().fit(X, y)
    X[3, 1] = np.nan
    assert np.flatnonzero(np.isnan(student.predict_proba(X)).all(axis=1)).tolist() == [3]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((3, 2)), np.array([1, 1, 1]), "two classes"),
        (np.ones((3, 2)), np.array([0, 1]), "shapes"),
        (np.ones((3, 2)), np.array([-1, 1, 0]), "0 to"),
        (np.array([[1.0], [np.inf], [2.0]]), np.array([0, 1, 0]), "row 1"),
    ],
)
def test_refuses_rows_it_cannot_learn_from(X, y, message):
    with pytest.raises(ValueError, match=message):
        Linear().fit(X, y)
