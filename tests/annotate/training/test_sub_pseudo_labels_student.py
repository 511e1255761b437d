"""The student that first learns pairs of a weak label and a trusted one."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import TrainingRun
from annotate.training import STUDENTS
from annotate.training import run_steps as run_steps_module
from annotate.training import sub_pseudo_labels_student as student_module
from tests.annotate.training.checkpoints import KeptInMemory

N = 48
N_GIVEN = 12
N_STEPS = 8  # two of the trusted teacher, four on pairs, two on labels


@pytest.fixture
def pictures(rng):
    """Noise that is redder or bluer, the first twelve with a label; every third weak one errs."""
    truth = np.arange(N) % 2
    colours = rng.integers(0, 156, (N, 32, 32, 3))
    colours[truth == 0, :, :, 0] += 99
    colours[truth == 1, :, :, 2] += 99
    weak = np.where(np.arange(N) % 3 == 0, 1 - truth, truth)
    return colours.reshape(N, -1).astype(np.float32), truth, weak


def make(weak, name="sub_pseudo_labels", n_steps=N_STEPS, n_classes=2, **run):
    student = STUDENTS.make(name, n_classes=n_classes)
    student.n_steps, student.batch_size = n_steps, 12
    given = np.arange(N) < N_GIVEN
    run = {"seed": 3, "given": given, "teacher_proba": np.eye(n_classes)[weak]} | run
    student.run = TrainingRun(**run)
    return student


def labels_of(truth):
    return np.where(np.arange(N) < N_GIVEN, truth, -1)


def bytes_of(student):
    return {name: array.tobytes() for name, array in student.parameters().items()}


def after(student, X, y, n_steps):
    """Return the stages after so many steps."""
    training = student._begin(student._training_rows(X, y, None), "cpu")
    for step in range(n_steps):
        training.take_step(step)
    return training


def test_it_learns_the_pairs_of_what_the_weak_and_the_trusted_teacher_say(pictures):
    X, truth, weak = pictures
    student = make(weak, n_steps=80)  # so the trusted teacher is right of every picture
    training = after(student, X, labels_of(truth), 21)
    groups = training.current.arrays()["groups"]
    # 16 pictures of each class have a right weak label, 8 a wrong one: too few to be learnt.
    expected = np.where(weak == truth, truth, -1)
    assert groups.tolist() == expected.tolist()
    assert training.current.network.head.out_features == 2


def test_what_people_gave_is_what_the_trusted_teacher_says(pictures, monkeypatch):
    monkeypatch.setattr(student_module, "SMALLEST", 1)
    X, truth, weak = pictures
    # After two steps the trusted network still says one class of all: only gold tells pairs apart.
    groups = after(make(weak), X, labels_of(truth), 3).current.arrays()["groups"][:N_GIVEN]
    pairs = 2 * weak[:N_GIVEN] + truth[:N_GIVEN]
    assert len(np.unique(pairs)) == 4
    for pair in range(4):
        assert len(np.unique(groups[pairs == pair])) == 1
    assert len(np.unique(groups)) == 4


def test_it_ends_with_classes_and_the_features_of_the_pairs(pictures):
    X, truth, weak = pictures
    student = make(weak, n_steps=80)
    training = after(student, X, labels_of(truth), 60)
    pretrained = training.current.network.stem.weight.detach().clone()
    training.take_step(60)
    assert training.name == "labels"
    moved = (training.current.network.stem.weight - pretrained).abs().max()
    assert 0 < moved < 0.01
    proba = student.fit(X, labels_of(truth)).predict_proba(X)
    assert proba.shape == (N, 2)
    assert (proba.argmax(axis=1) == truth).mean() > 0.9


@pytest.mark.parametrize("killed_after", [1, 2, 4, 6, 7])
def test_a_training_killed_in_any_stage_ends_with_the_very_same_weights(
    pictures, monkeypatch, killed_after
):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    X, truth, weak = pictures
    unbroken = bytes_of(make(weak).fit(X, labels_of(truth)))
    checkpoints = KeptInMemory(killed_after)
    with pytest.raises(KeyboardInterrupt):
        make(weak, checkpoints=checkpoints).fit(X, labels_of(truth))
    done = []
    student = make(weak, checkpoints=checkpoints, progress=lambda n, total, what: done.append(n))
    assert bytes_of(student.fit(X, labels_of(truth))) == unbroken
    assert done == list(range(killed_after, N_STEPS + 1))


def test_pseudo_labels_have_no_say_and_the_weak_teacher_has(pictures):
    X, truth, weak = pictures
    first = bytes_of(make(weak).fit(X, labels_of(truth)))
    with_pseudo_labels = np.where(np.arange(N) < N_GIVEN, truth, weak)
    assert bytes_of(make(weak).fit(X, with_pseudo_labels)) == first
    assert bytes_of(make(truth).fit(X, labels_of(truth))) != first


def test_what_the_weak_teacher_does_not_answer_is_in_no_pair(pictures):
    X, truth, weak = pictures
    proba = np.eye(2)[weak]
    proba[20:24] = np.nan
    training = after(make(weak, teacher_proba=proba), X, labels_of(truth), 3)
    assert (training.current.arrays()["groups"][20:24] == -1).all()


def test_what_may_not_train_is_in_no_stage(pictures):
    X, truth, weak = pictures
    may_train = np.arange(N) < 40
    changed = X.copy()
    changed[~may_train] = 0
    run = {"may_train": may_train}
    assert bytes_of(make(weak, **run).fit(changed, labels_of(truth))) == bytes_of(
        make(weak, **run).fit(X, labels_of(truth))
    )


def test_one_variant_of_pairs_may_be_asked_for(pictures, monkeypatch):
    monkeypatch.setattr(student_module, "SMALLEST", 1)
    X, truth, weak = pictures
    weak = np.where(np.arange(N) % 5 == 0, 2, weak)  # a third class, which is never right
    n_groups = {}
    for name in ("full", "binary"):
        student = make(weak, f"sub_pseudo_labels:{name}+unmirrored", n_classes=3)
        assert (student.variant, student.mirrored) == (name, False)
        groups = after(student, X, labels_of(truth), 3).current.arrays()["groups"]
        n_groups[name] = len(np.unique(groups))
    # Two pairs of each weak class; the two of the third are both of different classes.
    assert n_groups == {"full": 6, "binary": 5}
    with pytest.raises(ConfigError, match="only one of full, binary"):
        STUDENTS.make("sub_pseudo_labels:binary+merged", n_classes=2)


def test_without_a_teacher_or_labels_of_two_classes_it_says_so(pictures):
    X, truth, weak = pictures
    with pytest.raises(ValueError, match="teacher_proba"):
        make(weak, teacher_proba=None).fit(X, labels_of(truth))
    pseudo = np.where(np.arange(N) == 0, truth, weak)
    with pytest.raises(NotReadyError, match="two classes that people gave; got 1"):
        make(weak, given=np.arange(N) == 0).fit(X, pseudo)


def test_too_few_pictures_for_any_pair_are_told(pictures):
    X, truth, weak = pictures
    proba = np.eye(2)[weak]
    proba[4:] = np.nan
    with pytest.raises(NotReadyError, match="needs 10 pictures"):
        make(weak, teacher_proba=proba).fit(X, labels_of(truth))
