from __future__ import annotations

import numpy as np
import pytest
import torch

from annotate.training.small_resnet import SmallResNet
from annotate.training.soup import average_weights
from annotate.training.training_state import load_module, module_arrays


def state(weight, count, dtype=np.float32):
    return {"weight": np.array(weight, dtype=dtype), "count": np.array(count)}


def test_floats_are_averaged_and_counts_are_the_last_ones():
    soup = average_weights([state([0.0, 3.0], 10), state([1.0, 6.0], 30), state([5.0, 0.0], 20)])
    assert soup["weight"].tolist() == [2.0, 3.0]
    assert soup["count"] == 20
    assert list(soup) == ["weight", "count"]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_number_format_stays_and_the_sum_does_not_overflow(dtype):
    soup = average_weights([state([60_000], n, dtype) for n in range(3)])
    assert soup["weight"].dtype == dtype
    assert soup["weight"].tolist() == [dtype(60_000)]


def test_of_one_network_it_is_a_copy_of_that_network():
    only = state([1.0, 2.0], 7)
    soup = average_weights([only])
    soup["weight"][0], soup["count"][...] = 9, 9
    assert only["weight"].tolist() == [1.0, 2.0]
    assert only["count"] == 7


def test_of_linear_networks_it_says_the_mean_of_what_they_say(rng):
    X = rng.normal(size=(6, 4))
    heads = [{"weight": rng.normal(size=(4, 3)), "bias": rng.normal(size=3)} for _ in range(5)]
    each = [X @ head["weight"] + head["bias"] for head in heads]
    soup = average_weights(heads)
    np.testing.assert_allclose(X @ soup["weight"] + soup["bias"], np.mean(each, axis=0))


def test_what_it_returns_is_a_network_of_the_kind():
    torch.manual_seed(0)
    networks = [SmallResNet(3), SmallResNet(3)]
    arrays = [module_arrays(network) for network in networks]
    soup = SmallResNet(3)
    load_module(soup, average_weights(arrays))
    mean = (networks[0].head.weight + networks[1].head.weight) / 2
    torch.testing.assert_close(soup.head.weight, mean)


def test_nothing_is_no_soup():
    with pytest.raises(ValueError, match="one or more"):
        average_weights([])


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"weight": np.zeros(2)}, r"state 1 and the first differ in \['count'\]"),
        (state([1.0, 2.0], 3) | {"bias": np.zeros(1)}, r"differ in \['bias'\]"),
        (state([[1.0, 2.0]], 3), r"weight is \(1, 2\) in state 1 and \(2,\) in the first"),
    ],
)
def test_networks_of_two_kinds_are_refused(other, told):
    with pytest.raises(ValueError, match=told):
        average_weights([state([1.0, 2.0], 3), other])
