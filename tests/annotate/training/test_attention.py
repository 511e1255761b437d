"""Attention, against its equations place by place."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from annotate.training.attention import AddedAttention, Cbam

N_CHANNELS = 32


@pytest.fixture
def x(rng):
    return torch.tensor(rng.normal(size=(2, N_CHANNELS, 5, 4)), dtype=torch.float32)


def attention(kind=Cbam):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind(N_CHANNELS)


def without_weights(kind=Cbam):
    module = kind(N_CHANNELS).requires_grad_(False)
    for weight in module.parameters():
        weight.zero_()
    return module


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cbam_by_hand(x, weights):
    """The definition, slowly, of one feature map of shape (n_channels, h, w)."""
    w_0, b_0 = weights["of_channels.0.weight"], weights["of_channels.0.bias"]
    w_1, b_1 = weights["of_channels.2.weight"], weights["of_channels.2.bias"]
    by_channel = np.zeros(len(x))
    for pooled in (x.mean(axis=(1, 2)), x.max(axis=(1, 2))):
        by_channel += w_1 @ np.maximum(w_0 @ pooled + b_0, 0) + b_1
    x = x * sigmoid(by_channel)[:, None, None]
    kernel, bias = weights["of_places.weight"][0], weights["of_places.bias"][0]
    pooled = np.pad(np.stack([x.mean(axis=0), x.max(axis=0)]), ((0, 0), (3, 3), (3, 3)))
    by_place = np.zeros(x.shape[1:])
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            window = pooled[:, row : row + 7, column : column + 7]
            by_place[row, column] = (kernel * window).sum() + bias
    return x * sigmoid(by_place)


def test_it_is_the_definition(x):
    module = attention()
    weights = {name: w.double().numpy() for name, w in module.state_dict().items()}
    expected = np.stack([cbam_by_hand(one, weights) for one in x.double().numpy()])
    np.testing.assert_allclose(module(x).detach(), expected, atol=1e-6)


def test_without_weights_all_channels_and_places_count_half(x):
    assert torch.equal(without_weights()(x), x / 4)
    assert torch.equal(without_weights(AddedAttention)(x), 1.25 * x)


def test_added_it_is_itself_and_what_it_was_given(x):
    torch.testing.assert_close(attention(AddedAttention)(x), attention()(x) + x)


def test_a_channel_may_be_put_out(x):
    module = without_weights()
    module.of_channels[2].bias[3] = -100
    assert module(x)[:, 3].abs().max() < 1e-6
    assert torch.equal(module(x)[:, 4:], x[:, 4:] / 4)


def test_places_may_be_put_out_by_their_own_mean(x):
    module = without_weights()
    module.of_places.weight[0, 0, 3, 3] = -1e6
    is_out = x.mean(dim=1, keepdim=True) > 0
    torch.testing.assert_close(module(x), torch.where(is_out, 0, x / 2))


def test_what_it_makes_of_a_picture_depends_on_no_other(x):
    module = attention()
    torch.testing.assert_close(module.train()(x)[:1], module.eval()(x[:1]))


def test_hidden_units_are_a_sixteenth_of_the_channels():
    shapes = {name: tuple(w.shape) for name, w in Cbam(128).state_dict().items()}
    assert shapes["of_channels.0.weight"] == (8, 128)
    assert shapes["of_channels.2.weight"] == (128, 8)
    assert shapes["of_places.weight"] == (1, 2, 7, 7)


def test_every_weight_gets_a_gradient(x):
    module = attention(AddedAttention)
    module(x).square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in module.parameters())
