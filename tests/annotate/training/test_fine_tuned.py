"""An encoder trained further: on a toy whose blocks can be counted, and on a real one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from annotate.encoders.open_clip import OpenClipEncoder
from annotate.errors import ConfigError
from annotate.protocols import TrainingRun
from annotate.training import STUDENTS
from annotate.training import run_steps as run_steps_module
from annotate.training.held_out import held_out
from annotate.training.linear import Linear
from annotate.training.tower_training import DECAY_OF_LAYERS, RATE, layerwise_optimizer
from tests.annotate.training.checkpoints import KeptInMemory
from tests.fakes import ArrayRows

ROOT = Path(__file__).parents[3]
DIM, N_ITEMS = 5, 30


class ToyNetwork(torch.nn.Module):
    """Two blocks on vectors; item k is the vector number k."""

    augments = False
    dropped = 0.2

    def __init__(self, vectors):
        super().__init__()
        torch.manual_seed(0)
        self.stem = torch.nn.Linear(DIM, DIM)
        self.blocks = torch.nn.ModuleList([torch.nn.Linear(DIM, DIM) for _ in range(2)])
        self.norm = torch.nn.LayerNorm(DIM)
        self.dropout = torch.nn.Dropout(self.dropped)
        self.vectors = vectors

    def prepare(self, items):
        return torch.as_tensor(self.vectors[np.array(items)])

    def forward(self, batch):
        x = self.stem(batch)
        for block in self.blocks:
            x = x + torch.tanh(block(self.dropout(x)))
        return torch.nn.functional.normalize(self.norm(x), dim=-1)


class ToyEncoder:
    dim = DIM
    id = "toy"

    def __init__(self, vectors):
        self.vectors = vectors

    def trainable_network(self):
        return ToyNetwork(self.vectors)


class Numbers:
    """``Items`` that are their own numbers; those in ``gone`` cannot be opened."""

    def __init__(self, n, gone=()):
        self.n, self.gone = n, gone

    def __len__(self):
        return self.n

    def take(self, rows):
        return [None if row in self.gone else int(row) for row in rows]


@pytest.fixture
def vectors(rng):
    truth = np.arange(N_ITEMS) % 2
    return (rng.normal(size=(N_ITEMS, DIM)) + 0.8 * np.eye(2, DIM)[truth]).astype(np.float32)


Y = np.where(np.arange(N_ITEMS) < 20, np.arange(N_ITEMS) % 2, -1)


def make(vectors, argument="", n_steps=6, run=None, **settings):
    name = f"fine_tuned:{argument}" if argument else "fine_tuned"
    student = STUDENTS.make(name, n_classes=2, **settings)
    student.n_steps, student.batch_size = n_steps, 4
    student.encoder, student.run = ToyEncoder(vectors), run or TrainingRun(seed=1)
    return student


def bytes_of(student):
    return {name: array.tobytes() for name, array in student.parameters().items()}


@pytest.mark.parametrize(
    ("argument", "trained"),
    [
        ("head", {"head"}),
        ("1", {"head", "norm", "blocks.1"}),
        ("2", {"head", "norm", "blocks.1", "blocks.0"}),
        ("", {"head", "norm", "blocks.1", "blocks.0", "stem"}),
        ("9", {"head", "norm", "blocks.1", "blocks.0", "stem"}),
    ],
)
def test_only_what_was_asked_for_is_trained_and_kept(vectors, argument, trained):
    too_few_to_leave_any_out = np.where(np.arange(N_ITEMS) < 8, Y, -1)
    student = make(vectors, argument).fit(Numbers(N_ITEMS), too_few_to_leave_any_out)
    names = {name.removeprefix("network.").rpartition(".")[0] for name in student.parameters()}
    assert names == trained
    before = dict(ToyNetwork(vectors).named_parameters())
    for name, weight in student._tower.network.named_parameters():
        is_trained = name.rpartition(".")[0] in trained
        assert torch.equal(weight, before[name]) != is_trained, name


def test_features_at_hand_begin_the_head_as_computed_ones_would(vectors):
    computed = make(vectors, "head", n_steps=1).fit(Numbers(N_ITEMS), Y)
    tower = make(vectors)._new_tower(2)
    rows = np.arange(N_ITEMS)
    features = tower.features(Numbers(N_ITEMS), rows)[1]
    features[3] = np.nan  # could not be opened when the features were made
    at_hand = make(vectors, "head", n_steps=1, run=TrainingRun(1, features=ArrayRows(features)))
    without = np.where(rows == 3, -1, Y)
    given = make(vectors, "head", n_steps=1).fit(Numbers(N_ITEMS), without)
    assert_alike(at_hand.fit(Numbers(N_ITEMS), Y), given)
    features[3] = tower.features(Numbers(N_ITEMS), np.array([3]))[1]
    at_hand = make(vectors, "head", n_steps=1, run=TrainingRun(1, features=ArrayRows(features)))
    assert_alike(at_hand.fit(Numbers(N_ITEMS), Y), computed)


def assert_alike(one, other):
    for name, array in one.parameters().items():
        np.testing.assert_allclose(array, other.parameters()[name], rtol=1e-3)


def test_rates_fall_from_block_to_block(vectors):
    optimizer = layerwise_optimizer(make(vectors)._new_tower(2))
    rates = [group["highest"] for group in optimizer.param_groups[1:]]
    sizes = [len(group["params"]) for group in optimizer.param_groups[1:]]
    assert rates == pytest.approx([RATE, RATE * DECAY_OF_LAYERS, RATE * DECAY_OF_LAYERS**2])
    assert sizes == [4, 2, 2]  # the last block with the norm after it, the first block, the stem


def test_it_begins_as_a_linear_probe(vectors):
    tower = make(vectors)._new_tower(2)
    rows = np.arange(20)
    _, features = tower.features(Numbers(N_ITEMS), rows)
    weights = np.ones(20)
    tower.begin_as_a_probe(features, Y[:20], weights)
    proba = tower(tower.prepare(Numbers(N_ITEMS), rows)[1]).softmax(dim=1).detach()
    expected = Linear(n_classes=2).fit(features, Y[:20], weights).predict_proba(features)
    np.testing.assert_allclose(proba, expected, atol=1e-5)


def test_micro_batches_add_up_to_the_same_step(vectors):
    whole, parts = make(vectors, n_steps=3), make(vectors, n_steps=3)
    parts.micro_batch_size = 1
    for student in (whole, parts):
        student.encoder.trainable_network = lambda: without_dropout(ToyNetwork(vectors))
        student.fit(Numbers(N_ITEMS), Y)
    for name, array in whole.parameters().items():
        np.testing.assert_allclose(parts.parameters()[name], array, atol=1e-5)


def without_dropout(network):
    network.dropout.p = 0.0
    return network


def test_a_killed_training_ends_with_the_very_same_weights(vectors, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    run = TrainingRun(seed=1)
    unbroken = bytes_of(make(vectors, run=run).fit(Numbers(N_ITEMS), Y))
    checkpoints = KeptInMemory(killed_after=3)
    with pytest.raises(KeyboardInterrupt):
        make(vectors, run=replace(run, checkpoints=checkpoints)).fit(Numbers(N_ITEMS), Y)
    resumed = make(vectors, run=replace(run, checkpoints=checkpoints)).fit(Numbers(N_ITEMS), Y)
    assert bytes_of(resumed) == unbroken


def test_the_weights_that_were_best_on_labels_left_out_are_kept(vectors):
    """What is learnt from says the contrary of what is left out, so the beginning was best."""
    student = make(vectors)
    out = held_out(Y[:20], np.ones(20, dtype=bool), seed=1)
    assert out.sum() == 4
    wrong = Y.copy()
    wrong[:20][~out] = 1 - wrong[:20][~out]
    tower = student._new_tower(2)
    _, features = tower.features(Numbers(N_ITEMS), np.arange(20))
    # Held out again by the same seed: of both classes as many, so the same places.
    kept = student.fit(Numbers(N_ITEMS), wrong)
    checks = held_out(wrong[:20], np.ones(20, dtype=bool), seed=1)
    first = Linear(n_classes=2).fit(features[~checks], wrong[:20][~checks]).predict_proba(features)
    losses = -np.log(first[checks, wrong[:20][checks]]).sum()
    proba = kept.predict_proba(Numbers(20))
    assert -np.log(proba[checks, wrong[:20][checks]]).sum() <= losses + 1e-4


def test_labels_left_out_are_not_learnt_from(vectors):
    out = held_out(Y[:20], np.ones(20, dtype=bool), seed=1)
    seen = []

    class Watched(Numbers):
        def take(self, rows):
            seen.append(set(rows.tolist()))
            return super().take(rows)

    student = make(vectors)
    student.fit(Watched(N_ITEMS), Y)
    left_out = set(np.flatnonzero(out).tolist())
    drawn_for_steps = [rows for rows in seen if rows and len(rows) <= 4 and rows != left_out]
    assert drawn_for_steps
    assert not any(rows & left_out for rows in drawn_for_steps)


def test_what_cannot_be_opened_teaches_nothing_and_gets_no_answer(vectors):
    student = make(vectors).fit(Numbers(N_ITEMS, gone={3, 25}), Y)
    proba = student.predict_proba(Numbers(N_ITEMS, gone={3, 25}))
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [3, 25]
    without = np.where(np.arange(N_ITEMS) == 3, -1, Y)
    assert bytes_of(make(vectors).fit(Numbers(N_ITEMS), without)) == bytes_of(student)


def test_its_parameters_and_its_encoder_are_the_whole_model(vectors):
    student = make(vectors, "1").fit(Numbers(N_ITEMS), Y)
    copy = make(vectors, "1")
    copy.set_parameters(student.parameters())
    items = Numbers(N_ITEMS)
    assert copy.predict_proba(items).tobytes() == student.predict_proba(items).tobytes()


SIDE_PX = 16


class SeeingNetwork(ToyNetwork):
    """The toy on pictures, all alike; notes what it sees in training and elsewhere."""

    augments = True

    def __init__(self, picture, seen):
        super().__init__(None)
        self.picture, self.seen = picture, seen

    def prepare(self, items):
        return self.picture.repeat(len(items), 1, 1, 1)

    def forward(self, colours):
        self.seen[self.training].append(colours)
        return super().forward(colours.flatten(1)[:, :DIM])


def views_of(picture, argument):
    """Return what a student sees in training, (n, 3, side, side), and elsewhere."""
    seen = {True: [], False: []}
    student = make(None, argument, n_steps=20)
    student.encoder.trainable_network = lambda: SeeingNetwork(picture, seen)
    student.fit(Numbers(N_ITEMS), Y)
    return torch.cat(seen[True]), torch.cat(seen[False])


@pytest.fixture
def ramp():
    """Return a picture that is brighter from column to column, of no pixel that is just grey."""
    return torch.linspace(0, 1, SIDE_PX).expand(3, SIDE_PX, SIDE_PX)


def n_greyed(views):
    return (views == 0.5).all(dim=1).sum(dim=(1, 2))


def test_strong_views_have_a_greyed_square_and_only_what_is_learnt_is_seen_in_views(ramp):
    learnt, measured = views_of(ramp, "strong")
    assert len(learnt) == 20 * 4
    assert n_greyed(learnt).min() >= (SIDE_PX / 4 - 1) ** 2  # its centre may be a corner
    assert torch.equal(measured, ramp.expand(len(measured), -1, -1, -1))
    assert n_greyed(views_of(ramp, "")[0]).max() == 0


@pytest.mark.parametrize("argument", ["unmirrored", "strong+unmirrored"])
def test_views_are_mirrored_unless_they_must_not_be(ramp, argument):
    half = SIDE_PX // 2

    def brighter_to_the_right(views):
        return float(views[:, :, :, half:].mean() - views[:, :, :, :half].mean())

    assert brighter_to_the_right(views_of(ramp, argument)[0]) > 0.2
    mirrored = argument.replace("unmirrored", "").strip("+")
    assert abs(brighter_to_the_right(views_of(ramp, mirrored)[0])) < 0.15


def test_what_has_no_views_cannot_be_seen_in_strong_ones(vectors):
    student = make(vectors, "strong+head")
    for ask in (lambda: student.check(student.encoder), lambda: student.fit(Numbers(N_ITEMS), Y)):
        with pytest.raises(ConfigError, match=r"encoder of images; toy is none\. Use fine_tuned w"):
            ask()


@pytest.mark.parametrize("argument", ["none", "0", "1+2", "-1"])
def test_a_depth_that_is_none_is_told(argument):
    with pytest.raises(ConfigError, match="all, head or a number of blocks"):
        STUDENTS.make(f"fine_tuned:{argument}", n_classes=2)


def test_it_says_what_it_misses(vectors):
    student = make(vectors)
    student.encoder = None
    with pytest.raises(ValueError, match="Set encoder before fit"):
        student.fit(Numbers(N_ITEMS), Y)
    with pytest.raises(ValueError, match="two classes"):
        make(vectors).fit(Numbers(N_ITEMS), np.full(N_ITEMS, -1))


class Digits:
    """``Items`` that are handwritten digits as pictures."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def take(self, rows):
        scaled = (255 - self.images[rows] * 15.9).astype(np.uint8)
        return [Image.fromarray(image).convert("RGB").resize((32, 32)) for image in scaled]


def test_a_real_clip_learns_handwriting_from_a_few_pictures():
    digits = load_digits()
    student = STUDENTS.make("fine_tuned:unmirrored", n_classes=10)
    student.n_steps, student.batch_size = 20, 20
    student.encoder = OpenClipEncoder(str(ROOT / "data" / "demo_clip"))
    items, y = Digits(digits.images[:150]), np.where(np.arange(150) < 100, digits.target[:150], -1)
    student.run = TrainingRun(given=np.zeros(150, dtype=bool))  # none to be left out
    before = student._new_tower(10).trained_arrays()
    right = student.fit(items, y).predict_proba(items).argmax(axis=1) == digits.target[:150]
    assert right[100:].mean() > 0.6
    changed = [
        name for name, array in student.parameters().items() if (array != before[name]).any()
    ]
    assert len(changed) == len(before)
