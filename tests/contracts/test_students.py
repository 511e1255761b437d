"""Every registered student keeps the same promises."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import (
    EncoderStudent,
    NetworkStudent,
    PromptStudent,
    Student,
    TrainingRun,
)
from annotate.training import STUDENTS

EVERY_NAME = STUDENTS.names()
# What needs an encoder is asked the same in test_fine_tuned.py and test_prompts.py.
NAMES = [
    name
    for name in EVERY_NAME
    if not isinstance(STUDENTS.make(name, n_classes=2), EncoderStudent | PromptStudent)
]
IGNORE_WEIGHTS = {"distilled", "label_free", "long_tail", "sub_pseudo_labels"}
N_STEPS = 20  # of a network: its pictures below are easy to tell apart
FEWER_STEPS = {"fst": 12, "fst_d": 9, "fst_w": 9}  # of two and four times the work


@pytest.fixture
def rows(rng):
    y = np.arange(90) % 3
    return (np.eye(3, 5)[y] * 2 + rng.normal(size=(90, 5))).astype(np.float32), y


@pytest.fixture
def pictures(rng):
    """Noise in which one colour, each class its own, is 100 brighter."""
    y = np.arange(90) % 3
    colours = rng.integers(0, 150, (90, 32, 32, 3)) + 100 * np.eye(3)[y][:, None, None]
    return colours.reshape(90, -1).astype(np.float32), y


def make(name, n_classes=3):
    student = STUDENTS.make(name, n_classes=n_classes)
    if isinstance(student, NetworkStudent):
        student.n_steps, student.batch_size = FEWER_STEPS.get(name, N_STEPS), 6
        nearly_right = 0.8 * np.eye(n_classes)[np.arange(90) % 3] + 0.2 / n_classes
        student.run = TrainingRun(teacher_proba=nearly_right)
    return student


@pytest.fixture(params=NAMES)
def name_and_rows(request, rows, pictures):
    reads_pixels = isinstance(STUDENTS.make(request.param, n_classes=3), NetworkStudent)
    return request.param, *(pictures if reads_pixels else rows)


@pytest.mark.parametrize("name", EVERY_NAME)
def test_meets_the_protocol(name):
    student = STUDENTS.make(name, n_classes=3)
    assert isinstance(student, Student)
    assert student.smoothing_k >= 0


def test_learns_and_gives_probabilities(name_and_rows):
    name, X, y = name_and_rows
    proba = make(name, n_classes=4).fit(X, y).predict_proba(X)
    assert proba.shape == (90, 4)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert (proba.argmax(axis=1) == y).mean() > 0.7


def test_predictions_do_not_depend_on_the_batch(name_and_rows):
    name, X, y = name_and_rows
    student = make(name).fit(X, y)
    one_by_one = np.concatenate([student.predict_proba(X[i : i + 1]) for i in range(90)])
    np.testing.assert_allclose(one_by_one, student.predict_proba(X), atol=1e-5)


def test_weights_matter_by_their_proportions_only(name_and_rows):
    name, X, y = name_and_rows
    if name in IGNORE_WEIGHTS:
        return
    weights = np.where(y == 0, 0.01, 1.0)
    plain, light, scaled = (
        make(name).fit(X, y, w).predict_proba(X) for w in (None, weights, weights * 1024)
    )
    np.testing.assert_allclose(light, scaled, atol=1e-5)
    assert (light.argmax(axis=1) == 0).mean() < (plain.argmax(axis=1) == 0).mean() / 2


def test_renumbered_classes_renumber_the_columns(name_and_rows):
    name, X, y = name_and_rows
    order = np.array([2, 0, 1])
    plain = make(name).fit(X, y).predict_proba(X)
    other = make(name)
    if isinstance(other, NetworkStudent):
        other.run = TrainingRun(teacher_proba=other.run.teacher_proba[:, order])
    renumbered = other.fit(X, np.argsort(order)[y]).predict_proba(X)
    if isinstance(other, NetworkStudent):  # each output begins at random
        assert (renumbered.argmax(axis=1) == plain[:, order].argmax(axis=1)).mean() > 0.9
    else:
        np.testing.assert_allclose(renumbered, plain[:, order], atol=5e-3)


def test_its_parameters_are_the_whole_model(name_and_rows):
    name, X, y = name_and_rows
    student = make(name).fit(X, y)
    copy = make(name)
    copy.set_parameters(student.parameters())
    assert copy.predict_proba(X).tobytes() == student.predict_proba(X).tobytes()
