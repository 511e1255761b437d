"""Joint labels of class and rotation, against the definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from annotate.protocols import TrainingRun
from annotate.training.batches import weighted_batch
from annotate.training.pixel_rows import take_colours
from annotate.training.rotations import (
    Rotations,
    aggregated,
    joint_labels,
    rotated,
    self_distillation_loss,
)

N = 8


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 255, (N, 3 * 32 * 32)).astype(np.float32), np.arange(N) % 2


def distilled(n_steps=2, seed=0):
    student = Rotations("distilled", n_classes=2, n_steps=n_steps, batch_size=4)
    student.run = TrainingRun(seed)
    return student


def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def rows_seen(network):
    """Return a list that grows by the number of pictures of every pass through a network."""
    seen = []
    network.stem.register_forward_hook(lambda _, given, out: seen.append(len(given[0])))
    return seen


def test_all_four_quarter_turns_in_order():
    picture = torch.tensor([[0.0, 1.0], [2.0, 3.0]])[None, None]
    turns = [np.rot90(picture[0, 0].numpy(), turn) for turn in range(4)]
    np.testing.assert_array_equal(rotated(picture)[:, 0], np.stack(turns))


def test_outputs_are_pairs_of_class_and_rotation():
    labels = joint_labels(torch.tensor([0, 2]))
    assert labels.tolist() == [0, 8, 1, 9, 2, 10, 3, 11]


def test_the_aggregate_is_the_mean_of_each_rotations_own_outputs(rng):
    n, n_classes = 3, 5
    logits = rng.normal(size=(4 * n, 4 * n_classes))
    expected = np.zeros((n, n_classes))
    for row in range(n):
        for label in range(n_classes):
            for turn in range(4):
                expected[row, label] += logits[turn * n + row, 4 * label + turn] / 4
    np.testing.assert_allclose(aggregated(torch.tensor(logits)), expected)


def test_it_has_four_outputs_a_class_and_answers_with_one(pictures):
    X, y = pictures
    student = Rotations(n_classes=2, n_steps=2, batch_size=4).fit(X, y)
    assert len(student.parameters()["head.bias"]) == 8
    proba = student.predict_proba(X)
    views = rotated(torch.tensor(X.reshape(8, 32, 32, 3) / 255).permute(0, 3, 1, 2))
    with torch.inference_mode():
        joint = student._network.eval()(views)
    np.testing.assert_allclose(proba, aggregated(joint).softmax(dim=1), atol=1e-5)


def test_the_distilled_loss_is_the_definition(rng):
    n, n_classes = 3, 5
    joint, own = rng.normal(size=(4 * n, 4 * n_classes)), rng.normal(size=(n, n_classes))
    y = rng.integers(0, n_classes, n)
    log_joint, log_own = log_softmax(joint), log_softmax(own)
    expected = 0.0
    for i in range(n):
        for turn in range(4):
            expected -= log_joint[turn * n + i, 4 * y[i] + turn] / (4 * n)
        s = [np.mean([joint[j * n + i, 4 * c + j] for j in range(4)]) for c in range(n_classes)]
        p = np.exp(s) / np.exp(s).sum()
        expected += sum(p * (np.log(p) - log_own[i])) / n
        expected -= log_own[i, y[i]] / n
    loss = self_distillation_loss(torch.tensor(joint), torch.tensor(own), torch.tensor(y))
    assert loss.item() == pytest.approx(expected)


def test_the_second_head_is_drawn_to_the_aggregate_and_the_aggregate_to_nothing(rng):
    joint = torch.tensor(rng.normal(size=(8, 12)), requires_grad=True)
    own = torch.tensor(rng.normal(size=(2, 3)), requires_grad=True)
    labels = torch.tensor([2, 0])
    self_distillation_loss(joint, own, labels).backward()
    p, u = joint.detach().softmax(dim=1), own.detach().softmax(dim=1)
    torch.testing.assert_close(joint.grad, (p - torch.eye(12)[joint_labels(labels)]) / 8)
    s = aggregated(joint.detach()).softmax(dim=1)
    torch.testing.assert_close(own.grad, (u - s) / 2 + (u - torch.eye(3)[labels]) / 2)


def test_a_distilled_step_takes_one_pass_and_the_second_head_sees_the_unturned_alone(pictures):
    student = distilled()
    rows, network = student._training_rows(*pictures, None), student._make_network(2)
    drawn = weighted_batch(rows.weights, 4, student.run.seed, 0)
    views = student.weak_views(rows, drawn, 0, "cpu")
    with torch.no_grad():  # together, as batch statistics are of all
        features = network.train().features(rotated(views))
        joint, own = network.head(features), network.class_head(features[:4])
    expected = self_distillation_loss(joint, own, torch.tensor(rows.y[drawn]))
    seen = rows_seen(network)
    loss = student.step_loss(network, rows, 0, "cpu")
    assert loss.item() == pytest.approx(expected.item(), rel=1e-2)  # bfloat16 on some CPUs
    assert seen == [16]


def test_a_distilled_one_answers_in_one_pass_by_its_second_head_alone(pictures):
    X, y = pictures
    student = distilled().fit(X, y)
    network = student._network.eval()
    with torch.inference_mode():
        own = network.class_head(network.features(take_colours(X, np.arange(N), "cpu")))
    seen = rows_seen(network)
    np.testing.assert_allclose(student.predict_proba(X), own.softmax(dim=1), atol=1e-6)
    assert seen == [N]
    other, arrays = distilled(), student.parameters()
    other.set_parameters({**arrays, "head.weight": np.zeros_like(arrays["head.weight"])})
    assert other.predict_proba(X).tobytes() == student.predict_proba(X).tobytes()


def test_parameters_of_a_distilled_one_are_the_whole_model(pictures):
    X, y = pictures
    student, copy = distilled().fit(X, y), distilled(seed=9)
    arrays = student.parameters()
    assert (len(arrays["head.bias"]), len(arrays["class_head.bias"])) == (8, 2)
    copy.set_parameters(arrays)
    assert copy.predict_proba(X).tobytes() == student.predict_proba(X).tobytes()
    assert {n: a.tobytes() for n, a in copy.parameters().items()} == {
        n: a.tobytes() for n, a in arrays.items()
    }


def test_a_distilled_one_begins_as_the_other_does():
    plain = Rotations(n_classes=2)._make_network(2).state_dict()
    both = distilled()._make_network(2).state_dict()
    assert both.keys() - plain.keys() == {"class_head.weight", "class_head.bias"}
    assert all(torch.equal(both[name], plain[name]) for name in plain)


def test_a_distilled_one_learns_colours(pictures):
    """Red pictures and blue ones, which noise does not hide."""
    X, y = pictures
    colours = X.reshape(N, 32, 32, 3) / 2
    colours[y == 0, :, :, 0] += 100
    colours[y == 1, :, :, 2] += 100
    X = colours.reshape(N, -1)
    assert (distilled(n_steps=20).fit(X, y).predict_proba(X).argmax(axis=1) == y).all()


def test_options_are_joined():
    student = Rotations("distilled+unmirrored", n_classes=2)
    assert student.name == "rotations:distilled+unmirrored"
    assert (student.mirrored, student.extras) == (False, {"distilled"})
    with pytest.raises(ValueError, match="are distilled, unmirrored; got attentive"):
        Rotations("attentive", n_classes=2)
