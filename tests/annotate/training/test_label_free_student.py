"""The student that is distilled from what a teacher is surest of."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import TrainingRun
from annotate.training import STUDENTS

N = 12
Y = np.arange(N) % 2


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 255, (N, 3 * 32 * 32)).astype(np.float32)


def fitted(X, proba, y=Y, argument="", **run):
    student = STUDENTS.make(f"label_free:{argument}" if argument else "label_free", n_classes=2)
    student.n_steps, student.batch_size = 3, 4
    student.run = TrainingRun(teacher_proba=proba, **run)
    return {key: value.tobytes() for key, value in student.fit(X, y).parameters().items()}


def proba_of(confidence):
    """Return a teacher that holds every second row for class 1, as surely as told."""
    return np.where(Y[:, None] == [0, 1], confidence[:, None], 1 - confidence[:, None])


def test_labels_have_no_say(pictures):
    proba = proba_of(np.linspace(0.6, 0.9, N))
    assert fitted(pictures, proba) == fitted(pictures, proba, y=1 - Y)
    assert fitted(pictures, proba) != fitted(pictures, 1 - proba)


def test_the_surest_of_each_class_are_seen_and_no_others(pictures):
    proba = proba_of(np.linspace(0.6, 0.9, N))
    changed = pictures.copy()
    changed[:8] = 0
    assert fitted(pictures, proba, argument="2") == fitted(changed, proba, argument="2")
    changed[8] = 0
    assert fitted(pictures, proba, argument="2") != fitted(changed, proba, argument="2")


def test_what_the_teacher_does_not_answer_is_not_seen(pictures):
    proba = proba_of(np.full(N, 0.9))
    proba[[0, 2]] = np.nan
    changed = pictures.copy()
    changed[[0, 2]] = 0
    assert fitted(pictures, proba) == fitted(changed, proba)


def test_a_picture_like_one_that_measures_is_not_seen(pictures, rng):
    proba = proba_of(np.full(N, 0.9))
    measures = np.arange(N) == 0
    pictures[5] = (
        0.9 * pictures[0] + rng.normal(0, 3, pictures.shape[1]) + 10
    )  # saved again, darker
    changed = pictures.copy()
    changed[5] = 255 - pictures[6]
    run = {"measures": measures, "may_train": ~measures, "given": np.zeros(N, dtype=bool)}
    # Another picture in its place is seen.
    assert fitted(pictures, proba, **run) != fitted(changed, proba, **run)
    without = proba.copy()
    without[5] = np.nan
    assert fitted(pictures, proba, **run) == fitted(pictures, without, **run)


def test_a_teacher_that_is_sure_of_nothing_teaches_nothing(pictures):
    with pytest.raises(NotReadyError, match="Take another teacher"):
        student = STUDENTS.make("label_free", n_classes=3)
        student.run = TrainingRun(teacher_proba=np.full((N, 3), 1 / 3))
        student.fit(pictures, Y)


@pytest.mark.parametrize("argument", ["0", "-2", "many", "1.5"])
def test_a_number_of_pictures_must_be_one(argument):
    with pytest.raises(ConfigError, match="whole number from 1"):
        STUDENTS.make(f"label_free:{argument}", n_classes=2)
