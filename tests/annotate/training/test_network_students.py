"""Students that train networks: resume, what they read, what they pass over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from annotate.errors import ConfigError
from annotate.protocols import TrainingRun
from annotate.training import STUDENTS
from annotate.training import run_steps as run_steps_module
from annotate.training.momentum import Momentum
from tests.annotate.training.checkpoints import KeptInMemory
from tests.fakes import ArrayRows

NETWORKS = [
    "conv", "two_stage", "rotations", "rotations:distilled", "distilled", "mutual",
    "mutual:attentive", "mutual:clusters", "momentum:flexmatch", "momentum:adamatch",
    "momentum:dash", "fst", "fst:dash", "fst_d", "fst_w", "continued", "continued:notebook+soup",
]  # fmt: skip
SIDE = 32


@pytest.fixture
def pictures(rng):
    """Noise that is redder or bluer: 24 pictures, every third with a label."""
    colours = rng.integers(0, 200, (24, SIDE, SIDE, 3))
    truth = np.arange(24) % 2
    colours[truth == 0, :, :, 0] += 55
    colours[truth == 1, :, :, 2] += 55
    labels = np.where(np.arange(24) % 3 == 0, truth, -1)
    return colours.reshape(24, -1).astype(np.float32), labels, truth


def make(name, n_steps, run=None):
    student = STUDENTS.make(name, n_classes=2)
    student.n_steps, student.batch_size = n_steps, 4
    run = run or TrainingRun(seed=3)
    student.run = replace(run, teacher_proba=np.full((24, 2), 0.5), given=np.arange(24) < 3)
    return student


def bytes_of(student):
    return {name: array.tobytes() for name, array in student.parameters().items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_killed_training_ends_with_the_very_same_weights(name, pictures, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    X, y, _ = pictures
    unbroken = bytes_of(make(name, 4).fit(X, y))
    checkpoints = KeptInMemory(killed_after=2)
    with pytest.raises(KeyboardInterrupt):
        make(name, 4, TrainingRun(3, checkpoints)).fit(X, y)
    done = []
    run = TrainingRun(3, checkpoints, lambda n, total, what: done.append(n))
    assert bytes_of(make(name, 4, run).fit(X, y)) == unbroken
    assert done == [2, 3, 4]  # first it says where it goes on


def test_a_checkpoint_of_another_training_is_not_gone_on_from(pictures, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    X, y, truth = pictures
    checkpoints = KeptInMemory()
    make("conv", 2, TrainingRun(3, checkpoints)).fit(X, y)
    for other in [
        make("conv", 3, TrainingRun(3, checkpoints)),
        make("conv", 2, TrainingRun(4, checkpoints)),
        make("conv:unmirrored", 2, TrainingRun(3, checkpoints)),
    ]:
        assert checkpoints.load(other._key(other._training_rows(X, y, None))) is None
    same = make("conv", 2)
    assert checkpoints.load(same._key(same._training_rows(X, y, None))) is not None
    assert checkpoints.load(same._key(same._training_rows(X, truth, None))) is None


def test_seeds_differ_and_repeat(pictures):
    X, y, _ = pictures
    first, again, other = (
        bytes_of(make("momentum", 2, TrainingRun(seed)).fit(X, y)) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_rows_on_disk_and_an_array_give_the_same(pictures):
    X, y, _ = pictures
    assert bytes_of(make("fst", 2).fit(X, y)) == bytes_of(make("fst", 2).fit(ArrayRows(X), y))


def test_a_picture_that_is_gone_teaches_nothing_and_gets_no_answer(pictures):
    X, y, _ = pictures
    X[[3, 4]] = np.nan  # one with a label, one without
    student = make("momentum", 2).fit(X, y)
    proba = student.predict_proba(X)
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [3, 4]
    assert all(np.isfinite(array).all() for array in student.parameters().values())


def test_conv_passes_over_what_has_no_label(pictures):
    X, y, _ = pictures
    labelled = y != -1
    changed = X.copy()
    changed[~labelled] = 0
    weights = bytes_of(make("conv", 2).fit(X, y))
    assert bytes_of(make("conv", 2).fit(changed, y)) == weights


def test_momentum_learns_from_what_has_no_label(pictures):
    X, y, _ = pictures
    changed = X.copy()
    changed[y == -1] = 0
    # Every pseudo-label counts under FreeMatch's first threshold.
    weights = bytes_of(make("momentum:freematch", 2).fit(X, y))
    assert bytes_of(make("momentum:freematch", 2).fit(changed, y)) != weights


def test_what_no_step_can_see_does_not_keep_flexmatch_in_its_warm_up(pictures):
    X, y, _ = pictures
    student = Momentum("flexmatch", n_classes=2, batch_size=4)
    student.run = TrainingRun(seed=3, may_train=np.arange(24) >= 16)
    training = student._begin(student._training_rows(X, y, None), "cpu")
    # One batch holds all 8 that may be seen, and the teacher is sure of each.
    training._observe(
        lambda views: torch.tensor([[9.0, 0.0]]).expand(len(views), 2), training.draw(0)
    )
    assert training._selector.weigh(torch.tensor([[0.94, 0.06], [0.96, 0.04]])).tolist() == [0, 1]


def test_whoever_watches_sees_the_teacher_after_every_step(pictures):
    X, y, _ = pictures
    seen = []
    student = Momentum(
        n_classes=2, n_steps=3, batch_size=4, watch=lambda step, teacher: seen.append(step)
    )
    student.fit(X, y)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("conv:freematch", r"are unmirrored; got freematch"),
        ("momentum:nothing", "are one of adamatch, .*, unmirrored"),
        ("fst_d:freematch+softmatch", "got freematch\\+softmatch"),
    ],
)
def test_an_option_that_is_none_is_told(name, told):
    with pytest.raises(ConfigError, match=told):
        STUDENTS.make(name, n_classes=2)


@pytest.mark.parametrize("name", ["conv", "two_stage", "rotations", "momentum", "fst_w"])
def test_options_may_be_joined(name):
    options = "freematch+unmirrored" if name in ("momentum", "fst_w") else "unmirrored"
    student = STUDENTS.make(f"{name}:{options}", n_classes=2)
    assert not student.mirrored
    assert student.name == f"{name}:{options}"


def test_rows_of_another_size_are_refused(pictures):
    X, y, _ = pictures
    with pytest.raises(ValueError, match="32 x 32 colours"):
        make("conv", 1).fit(X[:, :300], y)
    with pytest.raises(ValueError, match="two classes"):
        make("conv", 1).fit(X, np.full(24, -1))
