"""Two networks that teach each other: the loss by its definition, who teaches whom, resume."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from annotate.compute.seeding import seeded_generator
from annotate.protocols import TrainingRun
from annotate.training import run_steps as run_steps_module
from annotate.training.descent import step_generator
from annotate.training.mutual import AttentiveResNet, Mutual, WavedResNet, mutual_loss
from annotate.training.pixel_rows import take_colours
from annotate.training.small_resnet import SmallResNet
from annotate.training.training_state import load_module
from annotate.training.wave_block import WaveBlock
from tests.annotate.training.checkpoints import KeptInMemory

N = 12
BOTH = pytest.mark.parametrize("wave", [True, False])
PLAIN_OR_ATTENTIVE = pytest.mark.parametrize("argument", ["", "attentive"])


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 255, (N, 3 * 32 * 32)).astype(np.float32), np.arange(N) % 2


def make(n_steps=2, run=None, **settings):
    student = Mutual(n_classes=2, n_steps=n_steps, batch_size=4, **settings)
    student.run = run or TrainingRun(seed=3)
    return student


def peers(pictures, n_steps=8, **settings):
    """Return the training of a student, no step taken."""
    student = make(n_steps, **settings)
    return student._begin(student._training_rows(*pictures, None), "cpu")


def bytes_of(student):
    return {name: array.tobytes() for name, array in student.parameters().items()}


def same_weights(one, other):
    mine, its = one.state_dict(), other.state_dict()
    return mine.keys() == its.keys() and all(torch.equal(mine[name], its[name]) for name in mine)


def changed_by_waves(training, steps):
    """Return for each step whether each WaveBlock of both students changes what it is given."""
    changed = []
    for student in training.students:
        for module in student.modules():
            if isinstance(module, WaveBlock):
                module.register_forward_hook(
                    lambda _, x, y: changed.append(not torch.equal(x[0], y))
                )
    for step in steps:
        training.loss_of(step)
    return np.reshape(changed, (len(steps), -1)).tolist()


def gradients(network):
    return torch.cat([weight.grad.flatten() for weight in network.parameters()])


def test_the_loss_is_the_definition(rng):
    logits, labels = rng.normal(size=(2, 5, 3)), rng.integers(0, 3, 5)
    teachers = rng.dirichlet(np.ones(3), (2, 5))
    expected = 0.0
    for own, other in [(0, 1), (1, 0)]:
        for row in range(5):
            z = logits[own, row].tolist()
            log_p = [value - math.log(sum(map(math.exp, z))) for value in z]
            smooth = [0.1 / 3 + 0.9 * (label == labels[row]) for label in range(3)]
            named = -sum(q * lp for q, lp in zip(smooth, log_p, strict=True))
            taught = -sum(q * lp for q, lp in zip(teachers[other, row], log_p, strict=True))
            expected += (0.5 * named + 0.5 * taught) / 5
    loss = mutual_loss(torch.tensor(logits), torch.tensor(teachers), torch.tensor(labels))
    assert loss.item() == pytest.approx(expected)


def test_in_the_loss_each_network_is_drawn_to_the_others_teacher_and_no_teacher_to_anything(rng):
    logits = torch.tensor(rng.normal(size=(2, 4, 3)), requires_grad=True)
    teachers = torch.tensor(rng.dirichlet(np.ones(3), (2, 4)), requires_grad=True)
    labels = torch.tensor([0, 1, 2, 0])
    mutual_loss(logits, teachers, labels).backward()
    smooth = 0.1 / 3 + 0.9 * torch.eye(3)[labels]
    wanted = 0.5 * smooth + 0.5 * teachers.detach().flip(0)
    torch.testing.assert_close(logits.grad, (logits.softmax(dim=2).detach() - wanted) / 4)
    assert teachers.grad is None


@pytest.mark.parametrize("number", [0, 1])
def test_another_teacher_changes_what_the_other_network_learns_and_not_its_own(pictures, number):
    plain, changed = peers(pictures), peers(pictures)
    with torch.no_grad():
        changed.teachers[number].head.bias += torch.tensor([1.0, -1.0])
    for training in (plain, changed):
        training.loss_of(0).backward()
    other = 1 - number
    own = [gradients(training.students[number]) for training in (plain, changed)]
    others = [gradients(training.students[other]) for training in (plain, changed)]
    assert torch.equal(*own)
    assert not torch.allclose(*others)


@PLAIN_OR_ATTENTIVE
@BOTH
def test_the_two_begin_apart_and_each_teacher_begins_as_its_student(pictures, wave, argument):
    training = peers(pictures, wave=wave, argument=argument)
    pairs = zip(*(dict(s.named_parameters()).items() for s in training.students), strict=True)
    for (name, first), (_, second) in pairs:
        # Those of normalisation are all ones or all zeros.
        assert "norm" in name or not torch.allclose(first, second)
    for student, teacher in zip(training.students, training.teachers, strict=True):
        assert same_weights(student, teacher)


def test_teachers_get_no_gradient_and_are_the_mean_of_their_own_students_so_far(pictures):
    training = peers(pictures)
    seen = []
    for step in range(3):
        training.take_step(step)
        seen.append([student.head.weight.detach().clone() for student in training.students])
    for number, teacher in enumerate(training.teachers):
        assert all(w.grad is None and not w.requires_grad for w in teacher.parameters())
        mean = torch.stack([heads[number] for heads in seen]).mean(dim=0)
        torch.testing.assert_close(teacher.head.weight, mean)
        assert not teacher.training


def test_both_see_the_same_pictures_in_views_of_their_own(pictures):
    X, y = pictures
    grey = np.repeat(np.arange(N, dtype=np.float32)[:, None], X.shape[1], axis=1)
    views, labels = peers((grey, y))._draw(0, step_generator(3, 0))
    torch.testing.assert_close(*views)  # a view of a picture of one colour is that picture
    shown = (views[0][:, 0, 0, 0] * 255).round().long()
    assert labels.tolist() == y[shown].tolist()
    views, _ = peers(pictures)._draw(0, step_generator(3, 0))
    assert not torch.allclose(*views)


def test_each_network_draws_bands_of_its_own_and_others_at_every_step(pictures):
    training = peers(pictures)
    drawn = [[], []]
    for number, student in enumerate(training.students):
        (block,) = (m for name, m in student.named_modules() if name == "blocks.wave_1")
        block.register_forward_hook(
            lambda _, x, y, number=number: drawn[number].append((y == x[0])[0, 0, :, 0].tolist())
        )
    for step in range(6):
        training.loss_of(step)
    assert drawn[0] != drawn[1]
    assert all(len({tuple(band) for band in bands}) > 1 for bands in drawn)


def test_wave_blocks_follow_the_second_and_the_third_block_and_name_no_weight(pictures):
    network = WavedResNet(2)
    kinds = [type(block).__name__ for block in network.blocks]
    assert kinds == ["ResidualBlock", "ResidualBlock", "WaveBlock", "ResidualBlock", "WaveBlock"]
    plain = SmallResNet(2)
    plain.load_state_dict(network.state_dict())
    views = take_colours(pictures[0], np.arange(4), "cpu")
    assert torch.equal(network.eval()(views), plain.eval()(views))
    assert not torch.allclose(network.train()(views), plain.train()(views))


@PLAIN_OR_ATTENTIVE
def test_without_wave_there_is_none_and_it_is_another_training(pictures, argument):
    X, y = pictures
    plain, waved = make(wave=False, argument=argument), make(argument=argument)
    training = peers(pictures, wave=False, argument=argument)
    assert changed_by_waves(training, range(4)) == [[False] * 4] * 4
    keys = [student._key(student._training_rows(X, y, None)) for student in (plain, waved)]
    assert keys[0] != keys[1]
    assert bytes_of(plain.fit(X, y)) != bytes_of(waved.fit(X, y))


@BOTH
def test_a_killed_training_ends_with_the_very_same_weights(pictures, wave, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    unbroken = bytes_of(make(4, wave=wave).fit(*pictures))
    checkpoints = KeptInMemory(killed_after=2)
    with pytest.raises(KeyboardInterrupt):
        make(4, TrainingRun(3, checkpoints), wave=wave).fit(*pictures)
    done = []
    run = TrainingRun(3, checkpoints, lambda n, total, what: done.append(n))
    assert bytes_of(make(4, run, wave=wave).fit(*pictures)) == unbroken
    assert done == [2, 3, 4]


def test_a_checkpoint_holds_students_teachers_and_optimisers(pictures):
    training, other = peers(pictures), peers(pictures, run=TrainingRun(seed=4))
    for step in range(2):
        training.take_step(step)
    saved = training.arrays()
    parts = {name.partition(".")[0] for name in saved}
    assert parts == {f"{part}_{n}" for part in ("student", "teacher", "optimizer") for n in (0, 1)}
    other.load_arrays(saved)
    loaded = other.arrays()
    assert {name: array.tobytes() for name, array in loaded.items()} == {
        name: array.tobytes() for name, array in saved.items()
    }


def test_it_says_the_mean_of_what_both_teachers_say(pictures):
    X, y = pictures
    student = make().fit(X, y)
    arrays = student.parameters()
    of_second = {
        name.removeprefix("second."): array
        for name, array in arrays.items()
        if name.startswith("second.")
    }
    proba = []
    for named in (arrays, of_second):
        teacher = SmallResNet(2)
        load_module(teacher, named)
        with torch.inference_mode():
            proba.append(teacher.eval()(take_colours(X, np.arange(N), "cpu")).softmax(dim=1))
    assert not torch.allclose(*proba)
    np.testing.assert_allclose(student.predict_proba(X), sum(proba) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("argument", "kind"),
    [("", SmallResNet), ("attentive", AttentiveResNet), ("clusters", SmallResNet)],
)
def test_parameters_are_the_whole_model_and_hold_both_teachers(pictures, argument, kind):
    X, y = pictures
    student = make(argument=argument).fit(X, y)
    copy = make(run=TrainingRun(seed=9), argument=argument)
    copy.set_parameters(student.parameters())
    assert copy.predict_proba(X).tobytes() == student.predict_proba(X).tobytes()
    assert bytes_of(copy) == bytes_of(student)
    assert len(student.parameters()) == 2 * len(kind(2).state_dict())


def test_seeds_differ_and_repeat_whatever_was_drawn_before(pictures):
    def trained(seed):
        return bytes_of(make(run=TrainingRun(seed)).fit(*pictures))

    torch.manual_seed(1)
    first = trained(1)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert trained(1) == first != trained(2)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_learns_from_labelled_rows_alone_and_draws_none_of_weight_0(pictures):
    X, y = pictures
    y = np.where(np.arange(N) % 3 == 0, np.arange(N) % 2, -1)
    weights = np.where(np.arange(N) == 3, 0.0, 1.0)
    changed = X.copy()
    changed[(y == -1) | (weights == 0)] = 0
    assert bytes_of(make().fit(X, y, weights)) == bytes_of(make().fit(changed, y, weights))


def test_both_learn_colours(pictures):
    """Red pictures and blue ones, which noise does not hide."""
    y = seeded_generator(0, "truth").permutation(np.arange(N) % 2)
    colours = pictures[0].reshape(N, 32, 32, 3) / 2
    colours[y == 0, :, :, 0] += 100
    colours[y == 1, :, :, 2] += 100
    X = colours.reshape(N, -1)
    student = make(n_steps=20).fit(X, y)
    views = take_colours(X, np.arange(N), "cpu")
    for teacher in student._network:
        assert (teacher(views).argmax(dim=1).numpy() == y).all()


def test_pictures_may_stay_unmirrored():
    student = Mutual("unmirrored", n_classes=2)
    assert not student.mirrored
    assert student.name == "mutual:unmirrored"
    with pytest.raises(ValueError, match="are attentive, clusters, unmirrored; got freematch"):
        Mutual("freematch", n_classes=2)


def test_attention_may_be_joined_with_unmirrored():
    student = Mutual("attentive+unmirrored", n_classes=2)
    assert (student.mirrored, student.extras) == (False, {"attentive"})
    assert student.name == "mutual:attentive+unmirrored"


def test_attention_stands_before_each_wave_block_and_works_in_teachers_too(pictures):
    network = AttentiveResNet(2)
    assert [type(block).__name__ for block in network.blocks] == [
        "ResidualBlock", "ResidualBlock", "AddedAttention", "WaveBlock",
        "ResidualBlock", "AddedAttention", "WaveBlock",
    ]  # fmt: skip
    waved = WavedResNet(2)
    waved.load_state_dict({n: w for n, w in network.state_dict().items() if "attention" not in n})
    views = take_colours(pictures[0], np.arange(4), "cpu")
    assert not torch.allclose(network.eval()(views), waved.eval()(views))


def test_attentive_networks_begin_as_the_others_but_for_the_attention():
    for plain, attentive in zip(
        make().make_pair(2), make(argument="attentive").make_pair(2), strict=True
    ):
        kept, given = plain.state_dict(), attentive.state_dict()
        assert all(torch.equal(given[name], kept[name]) for name in kept)
        assert all("attention" in name for name in given.keys() - kept.keys())


def test_attentive_ones_have_no_waves_in_the_first_ninth_of_their_steps(pictures):
    training = peers(pictures, n_steps=27, argument="attentive")
    assert changed_by_waves(training, range(6)) == [[False] * 4] * 3 + [[True] * 4] * 3
    others = peers(pictures, n_steps=27)
    assert changed_by_waves(others, range(2)) == [[True] * 4] * 2


@pytest.mark.parametrize("step", [0, 5])
def test_attention_learns_with_waves_and_without(pictures, step):
    training = peers(pictures, n_steps=27, argument="attentive")
    training.loss_of(step).backward()
    for student in training.students:
        for name, weight in student.named_parameters():
            assert "attention" not in name or weight.grad.abs().sum() > 0


def test_a_training_killed_before_the_waves_ends_with_the_very_same_weights(pictures, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    unbroken = bytes_of(make(14, argument="attentive").fit(*pictures))
    checkpoints = KeptInMemory(killed_after=1)
    with pytest.raises(KeyboardInterrupt):
        make(14, TrainingRun(3, checkpoints), argument="attentive").fit(*pictures)
    going_on = make(14, TrainingRun(3, checkpoints), argument="attentive")
    assert going_on.has_waves(1) is False and going_on.has_waves(2) is True
    assert bytes_of(going_on.fit(*pictures)) == unbroken
