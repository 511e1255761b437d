from __future__ import annotations

import numpy as np
import pytest

from pipelines import evaluate_sub_pseudo_labels as module
from tests.pipelines.comparison.conftest import data as data


def test_a_measure_counted_by_hand():
    """Three of a class and one of another; four of one class; one item in no group."""
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 1, -1])
    truth = np.array([0, 0, 0, 1, 1, 1, 1, 1, 0])
    half = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1], dtype=bool)
    found = module._measure(groups, truth, half)
    bits = -3 / 4 * np.log2(3 / 4) - 1 / 4 * np.log2(1 / 4)
    assert found["bits"] == pytest.approx(bits / 2)
    first, second = np.log2(1.1 / 1.2), np.log2(2.1 / 2.2)
    lost = -(2 * first + np.log2(0.1 / 1.2) + 2 * second) / 5
    assert found["bits, other half"] == pytest.approx(lost)
    assert found["right, other half"] == pytest.approx(4 / 5)
    assert (found["groups"], found["in pure groups"]) == (2, 4 / 9)
    assert found["covered"] == pytest.approx(8 / 9)


def test_pairs_say_more_than_either_alone(data, monkeypatch):
    monkeypatch.setattr(module, "SMALLEST", 1)
    bits = module.evaluate(data)["bits"]
    assert bits["full"] <= min(bits["weak alone"], bits["teacher alone"])
    assert {"binary", "diagonal_plus", "merged", "k-means, as many as full"} < set(bits.index)
