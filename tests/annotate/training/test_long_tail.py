"""The student for long tails: its cosines, its stages, whom it draws, and that it resumes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from annotate.protocols import NetworkStudent, TrainingRun
from annotate.training import run_steps as run_steps_module
from annotate.training.batches import shuffled_batch
from annotate.training.conv import Conv
from annotate.training.long_tail import LongTail
from annotate.training.turn_prediction import turn_loss
from tests.annotate.training.checkpoints import KeptInMemory

SIDE = 32


@pytest.fixture
def pictures(rng):
    """Noise in which one colour, each class its own, is brighter: 18, 4 and 2 pictures."""
    y = np.repeat([0, 1, 2], [18, 4, 2])
    colours = rng.integers(0, 150, (24, SIDE, SIDE, 3)) + 100 * np.eye(3)[y][:, None, None]
    return colours.reshape(24, -1).astype(np.float32), y


def make(n_steps=2, n_classes=3, argument="", **run):
    student = LongTail(argument, n_classes=n_classes, n_steps=n_steps, batch_size=6)
    student.run = TrainingRun(**{"seed": 3, **run})
    return student


def bytes_of(student):
    return {name: array.tobytes() for name, array in student.parameters().items()}


def cosines_of(network, colours):
    """Return cosines of features and weights by hand, and leave the network in training."""
    features = []
    hook = network.head.register_forward_hook(lambda _, given, out: features.append(given[0]))
    with torch.no_grad():
        network(colours)
    hook.remove()
    x, w = features[0].double().numpy(), network.head.weight.detach().double().numpy()
    return (x @ w.T) / np.linalg.norm(x, axis=1)[:, None] / np.linalg.norm(w, axis=1)


def ldam_by_hand(cosines, y, margins, weights):
    rows = np.arange(len(y))
    z = 30 * cosines
    z[rows, y] -= 30 * margins[y]
    losses = np.log(np.exp(z).sum(axis=1)) - z[rows, y]
    return (weights[y] * losses).sum() / weights[y].sum()


def test_classes_weigh_by_their_counts_in_the_last_fifth_alone(pictures):
    X, y = pictures
    student = make(n_steps=10)
    rows, network = student._training_rows(X, y, None), student._make_network(3).train()
    counts = np.array([18, 4, 2])
    margins = 0.5 * (2 / counts) ** 0.25
    late = (1 - 0.9999) / (1 - 0.9999**counts)
    for step, weights in [(0, np.ones(3)), (7, np.ones(3)), (8, late), (9, late)]:
        drawn = shuffled_batch(24, 6, 3, step)
        cosines = cosines_of(network, student.weak_views(rows, drawn, step, "cpu"))
        loss = student.step_loss(network, rows, step, "cpu").item()
        # On some CPUs the network computes in bfloat16.
        assert loss == pytest.approx(ldam_by_hand(cosines, y[drawn], margins, weights), rel=5e-3)


def test_rows_are_drawn_alike_whatever_they_weigh(pictures):
    X, y = pictures
    weights = np.where(y == 0, 1.0, 50.0)
    assert bytes_of(make().fit(X, y, weights)) == bytes_of(make().fit(X, y))


def test_a_row_without_a_label_teaches_nothing(pictures):
    X, y = pictures
    y[5:9] = -1
    changed = X.copy()
    changed[5:9] = 0
    assert bytes_of(make().fit(changed, y)) == bytes_of(make().fit(X, y))


def test_it_answers_with_cosines_times_30(pictures):
    X, y = pictures
    student = make().fit(X, y)
    colours = torch.tensor(X.reshape(24, SIDE, SIDE, 3) / 255).permute(0, 3, 1, 2)
    z = np.exp(30 * cosines_of(student._network.eval(), colours))
    np.testing.assert_allclose(student.predict_proba(X), z / z.sum(axis=1)[:, None], atol=1e-5)


def test_the_length_of_a_classs_weights_says_nothing(pictures):
    X, y = pictures
    student, longer = make().fit(X, y), make()
    arrays = student.parameters()
    lengths = np.array([[1], [4], [0.5]], dtype=np.float32)
    longer.set_parameters({**arrays, "head.weight": arrays["head.weight"] * lengths})
    np.testing.assert_allclose(longer.predict_proba(X), student.predict_proba(X), atol=1e-5)


def test_features_that_are_all_0_have_no_cosine_but_an_answer(pictures):
    head = make()._make_network(3).head
    assert head(torch.zeros(2, head.weight.shape[1])).tolist() == [[0, 0, 0]] * 2


def test_its_parameters_are_the_whole_model(pictures):
    X, y = pictures
    student, copy = make().fit(X, y), make()
    assert isinstance(copy, NetworkStudent)
    assert student.parameters()["head.bias"].tolist() == [0, 0, 0]
    copy.set_parameters(student.parameters())
    assert copy.predict_proba(X).tobytes() == student.predict_proba(X).tobytes()


def test_a_class_that_no_row_has_is_no_obstacle(pictures):
    X, y = pictures
    student = make(n_steps=5, n_classes=4).fit(X, y)
    assert all(np.isfinite(array).all() for array in student.parameters().values())
    assert student.predict_proba(X).shape == (24, 4)


def test_a_picture_that_is_gone_gets_no_answer(pictures):
    X, y = pictures
    X[[3, 20]] = np.nan
    proba = make().fit(X, y).predict_proba(X)
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [3, 20]


def test_it_learns_the_rare_classes_too(pictures):
    X, y = pictures
    assert (make(n_steps=30).fit(X, y).predict_proba(X).argmax(axis=1) == y).all()


def test_its_first_step_is_about_as_long_as_that_of_conv(pictures):
    X, y = pictures
    lengths = []
    for kind in (Conv, LongTail):
        student = kind(n_classes=3, n_steps=10, batch_size=24)
        network = student._make_network(3)
        student.step_loss(network, student._training_rows(X, y, None), 0, "cpu").backward()
        gradients = [p.grad.square().sum().item() for p in network.parameters()]
        lengths.append(student.rate(0) * np.sqrt(sum(gradients)))
    assert 0.5 < lengths[1] / lengths[0] < 2


@pytest.mark.parametrize("argument", ["", "pretrained"])
def test_a_killed_training_ends_with_the_very_same_weights(pictures, argument, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    X, y = pictures
    unbroken = bytes_of(make(n_steps=5, argument=argument).fit(X, y))
    checkpoints = KeptInMemory(killed_after=3)
    with pytest.raises(KeyboardInterrupt):
        make(n_steps=5, argument=argument, checkpoints=checkpoints).fit(X, y)
    done = []
    going_on = make(
        n_steps=5,
        argument=argument,
        checkpoints=checkpoints,
        progress=lambda n, total, what: done.append(n),
    )
    assert bytes_of(going_on.fit(X, y)) == unbroken
    assert done == [3, 4, 5]


def test_it_begins_alike_for_a_seed_and_leaves_the_global_random_numbers_alone():
    before = torch.get_rng_state()
    one, again, other = (
        make(seed=seed)._make_network(3).head.weight.tolist() for seed in (1, 1, 2)
    )
    assert one == again != other
    assert torch.equal(torch.get_rng_state(), before)


def test_pictures_may_be_said_not_to_mirror():
    student = LongTail("unmirrored", n_classes=2)
    assert (student.name, student.mirrored) == ("long_tail:unmirrored", False)


def test_a_pretrained_one_looks_at_no_label_at_first(pictures):
    X, y = pictures
    states = []
    for labels in (y, y[::-1].copy()):
        student = make(n_steps=4, argument="pretrained")
        training = student._begin(student._training_rows(X, labels, None), "cpu")
        states.append([])
        for step in range(4):
            training.take_step(step)
            states[-1].append({n: a.tobytes() for n, a in training.arrays().items()})
    assert states[0][:2] == states[1][:2]
    assert states[0][2] != states[1][2]
    # The classes' head is first touched once labels are looked at.
    untouched = student._make_network(3).state_dict()["head.weight"].numpy().tobytes()
    assert states[0][1]["network.head.weight"] == untouched != states[0][2]["network.head.weight"]


def test_a_pretrained_one_weighs_classes_in_the_last_fifth_of_what_is_left():
    student = make(n_steps=20, argument="pretrained")
    counts = np.array([18, 4, 2])
    assert [student._class_weights(counts, step) is None for step in (10, 17, 18, 19)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert student.rate(0) == 1
    assert student.rate(10) == pytest.approx(0.07)


def test_the_loss_of_turns_is_that_of_each_turn_by_itself(pictures):
    X, _ = pictures
    network = make(argument="pretrained")._make_network(3)
    colours = torch.as_tensor(X[:5].reshape(5, SIDE, SIDE, 3)).permute(0, 3, 1, 2) / 255
    loss = turn_loss(network, colours, "cpu").item()
    turned = torch.cat([torch.rot90(colours, k, dims=(2, 3)) for k in range(4)])
    with torch.no_grad():  # together, as batch statistics are of all
        proba = network.train().turn_head(network.features(turned)).softmax(dim=1).numpy()
    named = [proba[5 * k + i, k] for k in range(4) for i in range(5)]
    assert loss == pytest.approx(-np.log(named).mean(), rel=2e-2)
