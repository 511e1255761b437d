from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from annotate.errors import ConfigError
from annotate.protocols import Opinions, TrainingRun
from annotate.training import STUDENTS
from annotate.training.distillation import soft_cross_entropy, softened


def test_the_loss_is_the_definition(rng):
    teacher, logits, tau = rng.dirichlet(np.ones(3), 4), rng.normal(size=(4, 3)), 0.5
    expected = 0.0
    for p, z in zip(teacher, logits, strict=True):
        q = [math.exp(math.log(value) / tau) for value in p]
        student = [math.exp(value / tau) for value in z]
        expected -= sum(
            a / sum(q) * math.log(b / sum(student)) for a, b in zip(q, student, strict=True)
        )
    loss = soft_cross_entropy(torch.tensor(logits), torch.tensor(teacher), tau)
    assert loss.item() == pytest.approx(expected / 4)


def test_with_certain_teachers_it_is_the_cross_entropy_on_labels():
    logits, labels = torch.tensor([[1.0, 2.0], [0.5, -1.0]]), torch.tensor([0, 1])
    certain = torch.eye(2)[labels]
    expected = torch.nn.functional.cross_entropy(logits, labels)
    assert soft_cross_entropy(logits, certain).item() == pytest.approx(expected.item())


def test_a_low_temperature_sharpens():
    proba = torch.tensor([[0.6, 0.4]])
    assert softened(proba, 1.0)[0, 0].item() == pytest.approx(0.6)
    assert softened(proba, 0.1)[0, 0].item() == pytest.approx(0.6**10 / (0.6**10 + 0.4**10))


def pictures(rng, n=12):
    return rng.integers(0, 255, (n, 3 * 32 * 32)).astype(np.float32)


def fitted(X, y, run, name="distilled"):
    student = STUDENTS.make(name, n_classes=2)
    student.n_steps, student.batch_size, student.run = 3, 4, run
    return {key: value.tobytes() for key, value in student.fit(X, y).parameters().items()}


def test_pseudo_labels_have_no_say_and_given_labels_take_the_answers_place(rng):
    X, proba = pictures(rng), rng.dirichlet(np.ones(2), 12)
    given = np.arange(12) < 4
    y = np.array([0, 1] * 6)
    run = TrainingRun(teacher_proba=proba, given=given)
    first = fitted(X, y, run)
    other_pseudo = np.where(given, y, 1 - y)
    assert fitted(X, other_pseudo, run) == first
    corrected = np.where(given[:, None], np.eye(2)[y], proba)
    assert fitted(X, y, TrainingRun(teacher_proba=corrected, given=given)) == first
    assert fitted(X, np.where(given, 1 - y, y), run) != first


def test_what_people_are_divided_about_is_learnt_as_the_shares_of_their_answers(rng):
    X, proba = pictures(rng), rng.dirichlet(np.ones(2), 12)
    y = np.where(np.arange(12) < 4, np.arange(12) % 2, -1)
    proba[9] = np.nan
    opinions = Opinions(np.array([5, 9]), np.array([[0.25, 0.75], [0.5, 0.5]]))
    as_if_said_by_the_teacher = proba.copy()
    as_if_said_by_the_teacher[opinions.rows] = opinions.shares
    given = y >= 0
    assert fitted(X, y, TrainingRun(teacher_proba=proba, given=given, opinions=opinions)) == fitted(
        X, y, TrainingRun(teacher_proba=as_if_said_by_the_teacher, given=given)
    )


def test_the_temperature_leaves_the_shares_of_answers_as_they_are(rng):
    shares = np.array([[0.25, 0.75], [1.0, 0.0]])
    student = STUDENTS.make("distilled:0.1", n_classes=2)
    student.run = TrainingRun(
        teacher_proba=rng.dirichlet(np.ones(2), 12),
        given=np.zeros(12, dtype=bool),
        opinions=Opinions(np.array([5, 9]), shares),
    )
    rows = student._training_rows(pictures(rng), np.array([0, 1] * 6), None)
    learnt = softened(torch.tensor(rows.targets[[5, 9]]), student.temperature)
    np.testing.assert_allclose(learnt, shares, atol=1e-6)


@pytest.mark.parametrize("name", ["distilled", "distilled:0.1", "label_free", "label_free:20"])
def test_pictures_are_mirrored_unless_that_would_change_their_class(name):
    assert STUDENTS.make(name, n_classes=2).mirrored
    joined = f"{name}+unmirrored" if ":" in name else f"{name}:unmirrored"
    unmirrored = STUDENTS.make(joined, n_classes=2)
    assert (unmirrored.mirrored, unmirrored.name) == (False, joined)
    for setting in ("temperature", "per_class"):
        of_both = [getattr(s, setting, None) for s in (unmirrored, STUDENTS.make(name))]
        assert of_both[0] == of_both[1]


def test_what_the_teacher_does_not_answer_is_left_out(rng):
    X, proba = pictures(rng), rng.dirichlet(np.ones(2), 12)
    y = np.where(np.arange(12) < 2, np.arange(12), -1)
    proba[7] = np.nan
    changed = X.copy()
    changed[7] = 0
    run = TrainingRun(teacher_proba=proba, given=y >= 0)
    assert fitted(X, y, run) == fitted(changed, y, run)


def test_without_a_teacher_it_says_so(rng):
    with pytest.raises(ValueError, match="teacher_proba"):
        fitted(pictures(rng), np.array([0, 1] * 6), TrainingRun())


@pytest.mark.parametrize("text", ["0", "-1", "warm", "inf", "0.1+0.2", "0.1+freematch"])
def test_a_temperature_must_be_a_number_above_0(text):
    with pytest.raises(ConfigError, match="temperature"):
        STUDENTS.make(f"distilled:{text}", n_classes=2)
