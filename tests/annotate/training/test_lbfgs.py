from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from annotate.training.lbfgs import minimise


def ill_shaped(point):
    """A quartic bowl, 100 times steeper in one direction; smallest at (1, -2)."""
    shifted = point - torch.tensor([1.0, -2.0], dtype=point.dtype)
    scales = torch.tensor([1.0, 100.0], dtype=point.dtype)
    loss = float((scales * (shifted**2 + shifted**4)).sum())
    return loss, scales * (2 * shifted + 4 * shifted**3)


def small_gradient(loss, gradient):
    return float(gradient.norm()) < 1e-8


@pytest.mark.parametrize("start", [[0.0, 0.0], [30.0, -40.0]])
def test_finds_the_smallest_value_from_anywhere(start):
    start = torch.tensor(start, dtype=torch.float64)
    point, n_looks = minimise(ill_shaped, start, is_close=small_gradient, max_looks=300)
    torch.testing.assert_close(point, torch.tensor([1.0, -2.0], dtype=torch.float64))
    assert n_looks < 300


def test_never_goes_up():
    seen = []

    def watch(loss, gradient):
        seen.append(loss)
        return small_gradient(loss, gradient)

    start = torch.tensor([5.0, 5.0], dtype=torch.float64)
    minimise(ill_shaped, start, is_close=watch, max_looks=300)
    assert seen == sorted(seen, reverse=True)


def test_a_start_that_is_close_takes_one_look():
    start = torch.tensor([1.0, -2.0], dtype=torch.float64)
    point, n_looks = minimise(ill_shaped, start, is_close=small_gradient, max_looks=300)
    assert n_looks == 1
    assert torch.equal(point, start)


def test_fitting_does_not_load_torchs_compiler():
    code = (
        "import numpy as np, sys; from annotate.training.linear import Linear;"
        "Linear().fit(np.eye(4), np.array([0, 1, 0, 1])); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
