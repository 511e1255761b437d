from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import TrainingRun
from annotate.training.two_stage import TwoStage


@pytest.fixture
def rows(rng):
    return rng.integers(0, 255, (16, 3 * 32 * 32)).astype(np.float32), np.arange(16) % 2


def drawn_in(student, X, y, step):
    rows = student._training_rows(X, y, None)
    return set(student._of_stage(rows, step).labelled.tolist())


def test_pseudo_labels_come_first_and_given_labels_last(rows):
    X, y = rows
    student = TwoStage(n_classes=2, n_steps=8)
    student.run = TrainingRun(given=np.arange(16) < 4)
    stages = [drawn_in(student, X, y, step) for step in range(8)]
    assert stages[:6] == [set(range(4, 16))] * 6
    assert stages[6:] == [set(range(4))] * 2


def test_where_all_labels_are_of_one_kind_both_stages_learn_from_all(rows):
    X, y = rows
    for given in (None, np.ones(16, dtype=bool), np.zeros(16, dtype=bool)):
        student = TwoStage(n_classes=2, n_steps=8)
        student.run = TrainingRun(given=given)
        assert drawn_in(student, X, y, 0) == drawn_in(student, X, y, 7) == set(range(16))


def test_classes_weigh_alike_in_each_stage(rows):
    X, y = rows
    student = TwoStage(n_classes=2, n_steps=8)
    student.run = TrainingRun(given=np.isin(np.arange(16), [0, 2, 4, 1]))  # three of 0, one of 1
    for step in (0, 7):
        stage = student._of_stage(student._training_rows(X, y, None), step)
        of_class = np.bincount(stage.y, weights=stage.weights)
        assert of_class[0] == pytest.approx(of_class[1])


def test_each_stage_has_half_a_cosine_and_the_second_a_tenth_of_the_rate():
    student = TwoStage(n_classes=2, n_steps=8)
    assert student.rate(0) == 1
    assert student.rate(3) == pytest.approx(0.5)
    assert student.rate(6) == pytest.approx(0.1)
    assert student.rate(7) == pytest.approx(0.05)


def test_the_second_stage_decides_when_the_two_contradict_each_other(rows):
    """Red pictures are called 1 by the pseudo-labels and 0 by the given ones."""
    _, y = rows
    red = np.zeros((16, 32, 32, 3), dtype=np.float32)
    red[y == 0, :, :, 0] = 200
    red[y == 1, :, :, 2] = 200
    given = np.arange(16) < 8
    student = TwoStage(n_classes=2, n_steps=120, batch_size=8)
    student.run = TrainingRun(given=given)
    X = red.reshape(16, -1)
    student.fit(X, np.where(given, y, 1 - y))
    assert (student.predict_proba(X).argmax(axis=1) == y).all()
