"""A head that begins as a linear probe, on features that another network learnt."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from annotate.training import probed_head
from annotate.training.linear import Linear
from annotate.training.network_student import TrainingRows
from annotate.training.pixel_rows import take_colours
from annotate.training.probed_head import begin_as_a_probe, features_of, take_over_features
from annotate.training.small_resnet import SmallResNet

N = 48


@pytest.fixture
def pictures(rng):
    """Noise that is redder or bluer."""
    truth = np.arange(N) % 2
    colours = rng.integers(0, 156, (N, 32, 32, 3))
    colours[truth == 0, :, :, 0] += 99
    colours[truth == 1, :, :, 2] += 99
    return colours.reshape(N, -1).astype(np.float32), truth


def test_features_are_taken_over_and_the_head_is_not():
    one, other = SmallResNet(2), SmallResNet(5)
    head = one.head.weight.detach().clone()
    take_over_features(one, other)
    colours = torch.rand(3, 3, 32, 32)
    assert torch.equal(one.eval().features(colours), other.eval().features(colours))
    assert torch.equal(one.head.weight, head)


def test_the_head_begins_as_a_linear_probe(pictures):
    X, truth = pictures
    network = SmallResNet(2)
    rows = TrainingRows(X, np.arange(N), np.arange(N), truth, np.ones(N, np.float32), 2)
    begin_as_a_probe(network, rows, "cpu")
    with torch.inference_mode():
        colours = take_colours(X, np.arange(N), "cpu")
        features = network.eval().features(colours).numpy()
        proba = network(colours).softmax(dim=1).numpy()
    expected = Linear(n_classes=2).fit(features, truth).predict_proba(features)
    np.testing.assert_allclose(proba, expected, atol=1e-5)


def test_features_are_those_of_the_rows_in_their_order_however_many_at_once(pictures, monkeypatch):
    X, _ = pictures
    network, rows = SmallResNet(2), np.array([7, 3, 11, 4, 40])
    with torch.inference_mode():
        expected = network.eval().features(take_colours(X, rows, "cpu")).numpy()
    monkeypatch.setattr(probed_head, "ROWS_PER_BLOCK", 2)
    found = features_of(network.train(), X, rows, "cpu")
    np.testing.assert_allclose(found, expected, atol=1e-5)
