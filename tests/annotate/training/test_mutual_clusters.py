"""Mutual teaching on clusters: the stages, the epochs, what is looked at, resume."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from annotate.protocols import TrainingRun
from annotate.training import run_steps as run_steps_module
from annotate.training.descent import RATE
from annotate.training.linear import Linear
from annotate.training.mutual import Mutual
from annotate.training.pixel_rows import take_colours
from annotate.training.wave_block import WaveBlock
from tests.annotate.training.checkpoints import KeptInMemory

N = 24  # so there are two clusters
N_STEPS = 30  # ten on labels, fifteen on clusters in epochs of two, five on labels
FIRST, SECOND = 10, 15


@pytest.fixture
def pictures(rng):
    """Noise that is redder or bluer, every third with a label."""
    truth = rng.permutation(np.arange(N) % 2)
    colours = rng.integers(0, 156, (N, 32, 32, 3))
    colours[truth == 0, :, :, 0] += 99
    colours[truth == 1, :, :, 2] += 99
    labels = np.where(np.arange(N) % 3 == 0, truth, -1)
    return colours.reshape(N, -1).astype(np.float32), labels, truth


def make(argument="clusters", n_steps=N_STEPS, **run):
    student = Mutual(argument, n_classes=2, n_steps=n_steps, batch_size=6)
    student.run = TrainingRun(**{"seed": 3} | run)
    return student


def after(n_taken, X, y, **settings):
    """Return the stages after so many steps."""
    student = make(**settings)
    training = student._begin(student._training_rows(X, y, None), "cpu")
    for step in range(n_taken):
        training.take_step(step)
    return training


def bytes_of(student):
    return {name: array.tobytes() for name, array in student.parameters().items()}


def features(network, X):
    with torch.inference_mode():
        return network.eval().features(take_colours(X, np.arange(len(X)), "cpu")).numpy()


def test_labels_are_learnt_then_clusters_then_labels_again(pictures):
    X, y, _ = pictures
    student = make()
    training = student._begin(student._training_rows(X, y, None), "cpu")
    names = [training.take_step(step) and training.name for step in range(N_STEPS)]
    assert names == ["labels"] * 10 + ["clusters"] * 15 + ["labels anew"] * 5


def test_before_the_clusters_it_is_mutual_teaching_on_labels(pictures):
    X, y, _ = pictures
    in_stages = after(FIRST, X, y).current
    plain = after(FIRST, X, y, argument="", n_steps=FIRST)
    for one, other in zip(in_stages.networks, plain.networks, strict=True):
        assert features(one, X).tobytes() == features(other, X).tobytes()


def test_in_an_epoch_what_both_teachers_find_alike_is_a_class_and_heads_are_centroids(pictures):
    X, y, truth = pictures
    stage = after(FIRST + 3, X, y).current
    stage._begin_epoch(4)
    both = []
    for teacher in stage._peers.teachers:
        values = features(teacher, X)
        both.append(values / np.linalg.norm(values, axis=1, keepdims=True))
    middle = sum(both)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    clusters = stage.arrays()["clusters"]
    centroids = np.stack([middle[clusters == number].mean(axis=0) for number in (0, 1)])
    nearest = [np.square(row - centroids).sum(axis=1).argmin() for row in middle]
    assert clusters.tolist() == nearest  # as k-means leaves them
    assert len(set(zip(truth.tolist(), clusters.tolist(), strict=True))) == 2  # the colours
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    for network in stage.networks:
        np.testing.assert_allclose(network.head.weight.detach(), centroids, atol=1e-5)
        assert (network.head.bias == 0).all()
    assert all(not optimizer.state for optimizer in stage._peers.optimizers)


def test_every_second_step_begins_an_epoch(pictures, monkeypatch):
    X, y, _ = pictures
    training, began = after(FIRST + 1, X, y), [0]
    monkeypatch.setattr(training.current, "_begin_epoch", began.append)
    for step in range(FIRST + 1, FIRST + SECOND):
        training.take_step(step)
    assert began == list(range(0, SECOND, 2))


def test_on_clusters_every_picture_is_drawn_once_in_a_pass(pictures):
    _, y, _ = pictures
    grey = np.repeat(np.arange(N, dtype=np.float32)[:, None], 3 * 32 * 32, axis=1)
    peers = after(FIRST + 1, grey, y).current._peers
    shown = []
    for step in range(4):  # of six pictures each
        (view, _), labels = peers._draw(step, torch.Generator())
        numbers = (view[:, 0, 0, 0] * 255).round().long()
        assert labels.tolist() == peers.rows.y[numbers].tolist()
        shown.extend(numbers.tolist())
    assert sorted(shown) == list(range(N))


@pytest.mark.parametrize("step", [FIRST, FIRST + SECOND])
def test_a_stage_goes_on_with_the_features_of_the_one_before(pictures, step):
    X, y, _ = pictures
    training = after(step, X, y)
    before = [features(network, X) for network in training.current.networks]
    stage = training._stages[training._number + 1].begin(training.current)
    for network, expected in zip(stage.networks, before, strict=True):
        assert features(network, X).tobytes() == expected.tobytes()


def test_in_the_end_heads_begin_as_probes_and_learn_at_a_tenth_of_the_rate(pictures):
    X, y, _ = pictures
    training = after(FIRST + SECOND, X, y)
    stage = training._stages[2].begin(training.current)
    labelled = y != -1
    for network in stage.networks:
        values = features(network, X)
        with torch.inference_mode():
            proba = network.eval()(take_colours(X, np.arange(N), "cpu")).softmax(dim=1)
        probe = Linear(n_classes=2).fit(values[labelled], y[labelled])
        np.testing.assert_allclose(proba, probe.predict_proba(values), atol=1e-5)
    stage.take_step(0)
    assert stage.optimizers[1].param_groups[0]["lr"] == pytest.approx(RATE / 10)


def test_only_the_first_ninth_of_all_steps_goes_without_waves(pictures):
    X, y, _ = pictures
    training = after(FIRST + 1, X, y, argument="clusters+attentive")
    changed = []
    for student in training.current._peers.students:
        for module in student.modules():
            if isinstance(module, WaveBlock):
                module.register_forward_hook(
                    lambda _, x, y: changed.append(not torch.equal(x[0], y))
                )
    training.take_step(FIRST + 1)
    assert changed == [True] * 4


@pytest.mark.parametrize("argument", ["clusters", "clusters+attentive+unmirrored"])
def test_it_learns_colours_and_says_them_by_class(pictures, argument):
    X, y, truth = pictures
    proba = make(argument).fit(X, y).predict_proba(X)
    assert proba.shape == (N, 2)
    assert (proba.argmax(axis=1) == truth).all()


@pytest.mark.parametrize("n_steps", [1, 2, 3])
def test_however_few_steps_there_are_it_ends_with_classes(pictures, n_steps):
    X, y, _ = pictures
    student = make(n_steps=n_steps)
    student._n_classes = 3  # not the number of clusters
    assert student.fit(X, y).predict_proba(X).shape == (N, 3)


# In the first stage, at its end, after an epoch, within one, at the end of the clusters, after it.
@pytest.mark.parametrize("killed_after", [4, 10, 12, 13, 25, 27])
def test_a_training_killed_in_any_stage_ends_with_the_very_same_weights(
    pictures, monkeypatch, killed_after
):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    X, y, _ = pictures
    unbroken = bytes_of(make().fit(X, y))
    checkpoints = KeptInMemory(killed_after)
    with pytest.raises(KeyboardInterrupt):
        make(checkpoints=checkpoints).fit(X, y)
    done = []
    student = make(checkpoints=checkpoints, progress=lambda n, total, what: done.append(n))
    assert bytes_of(student.fit(X, y)) == unbroken
    assert done == list(range(killed_after, N_STEPS + 1))


def test_pictures_without_a_label_are_learnt_and_those_that_may_not_train_are_not(pictures):
    X, y, _ = pictures
    may_train = np.arange(N) < 20
    weights = bytes_of(make(may_train=may_train).fit(X, y))
    for number, is_looked_at in [(1, True), (20, False), (21, False)]:  # 21 has a label
        changed = X.copy()
        changed[number] = 0
        others = bytes_of(make(may_train=may_train).fit(changed, y))
        assert (others != weights) == is_looked_at


def test_a_picture_that_is_gone_is_in_no_cluster(pictures):
    X, y, _ = pictures
    X[[1, 3]] = np.nan
    assert len(after(FIRST + 1, X, y).current.arrays()["clusters"]) == N - 2
    assert all(np.isfinite(array).all() for array in make().fit(X, y).parameters().values())
