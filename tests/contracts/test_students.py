"""Every registered student keeps the same promises."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import Student
from annotate.training import STUDENTS

NAMES = STUDENTS.names()


@pytest.fixture
def rows(rng):
    y = np.arange(90) % 3
    return (np.eye(3, 5)[y] * 2 + rng.normal(size=(90, 5))).astype(np.float32), y


@pytest.mark.parametrize("name", NAMES)
def test_meets_the_protocol(name):
    student = STUDENTS.make(name, n_classes=3)
    assert isinstance(student, Student)
    assert student.smoothing_k >= 0


@pytest.mark.parametrize("name", NAMES)
def test_learns_and_gives_probabilities(name, rows):
    X, y = rows
    proba = STUDENTS.make(name, n_classes=4).fit(X, y).predict_proba(X)
    assert proba.shape == (90, 4)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert (proba.argmax(axis=1) == y).mean() > 0.7


@pytest.mark.parametrize("name", NAMES)
def test_predictions_do_not_depend_on_the_batch(name, rows):
    X, y = rows
    student = STUDENTS.make(name, n_classes=3).fit(X, y)
    one_by_one = np.concatenate([student.predict_proba(X[i : i + 1]) for i in range(90)])
    np.testing.assert_allclose(one_by_one, student.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_weights_matter_by_their_proportions_only(name, rows):
    X, y = rows
    weights = np.where(y == 0, 0.01, 1.0)
    plain, light, scaled = (
        STUDENTS.make(name, n_classes=3).fit(X, y, w).predict_proba(X)
        for w in (None, weights, weights * 1024)
    )
    np.testing.assert_allclose(light, scaled, atol=1e-5)
    assert light[:, 0].mean() < plain[:, 0].mean() / 2


@pytest.mark.parametrize("name", NAMES)
def test_renumbered_classes_renumber_the_columns(name, rows):
    X, y = rows
    order = np.array([2, 0, 1])
    plain = STUDENTS.make(name, n_classes=3).fit(X, y).predict_proba(X)
    renumbered = STUDENTS.make(name, n_classes=3).fit(X, np.argsort(order)[y]).predict_proba(X)
    np.testing.assert_allclose(renumbered, plain[:, order], atol=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_its_parameters_are_the_whole_model(name, rows):
    X, y = rows
    student = STUDENTS.make(name, n_classes=3).fit(X, y)
    copy = STUDENTS.make(name, n_classes=3)
    copy.set_parameters(student.parameters())
    assert copy.predict_proba(X).tobytes() == student.predict_proba(X).tobytes()
