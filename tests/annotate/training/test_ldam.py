"""LDAM against its formulas, written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from annotate.training.ldam import class_margins, deferred_class_weights, ldam_loss


def reference_loss(cosines, targets, margins, scale, class_weights):
    """The definition, one row at a time; a weighted mean."""
    total = weight = 0.0
    for row, y in zip(cosines, targets, strict=True):
        own = math.exp(scale * (row[y] - margins[y]))
        others = sum(math.exp(scale * z) for label, z in enumerate(row) if label != y)
        total -= class_weights[y] * math.log(own / (own + others))
        weight += class_weights[y]
    return total / weight


@pytest.fixture
def batch(rng):
    return torch.tensor(rng.uniform(-1, 1, (6, 3))), torch.tensor([0, 1, 2, 2, 1, 2])


def test_margins_of_a_hand_case():
    assert class_margins(np.array([16, 1, 256])).tolist() == [0.25, 0.5, 0.125]
    assert class_margins(np.array([16, 81]), largest=0.3) == pytest.approx([0.3, 0.2])


def test_weights_of_a_hand_case():
    # The effective numbers are 1 and 1 + 1 / 2.
    assert deferred_class_weights(np.array([1, 2]), beta=0.5) == pytest.approx([1.2, 0.8])


def test_weights_are_the_definition_and_sum_to_the_number_of_classes(rng):
    counts = rng.integers(1, 5000, 8)
    expected = [(1 - 0.9999) / (1 - 0.9999 ** int(n)) for n in counts]
    weights = deferred_class_weights(counts)
    assert weights.sum() == pytest.approx(8)
    np.testing.assert_allclose(weights, np.array(expected) * 8 / sum(expected))


def test_beta_goes_from_equal_weights_to_those_by_frequency():
    counts = np.array([10, 40])
    assert deferred_class_weights(counts, beta=0).tolist() == [1, 1]
    assert deferred_class_weights(counts, beta=1 - 1e-9) == pytest.approx([1.6, 0.4])


def test_a_class_without_items_has_no_margin_and_no_weight_and_changes_no_other():
    counts, present = np.array([3, 0, 50]), np.array([3, 50])
    assert class_margins(counts)[1] == deferred_class_weights(counts)[1] == 0
    np.testing.assert_allclose(class_margins(counts)[[0, 2]], class_margins(present))
    ratio = deferred_class_weights(counts)[[0, 2]] / deferred_class_weights(present)
    np.testing.assert_allclose(ratio, 3 / 2)


def test_the_loss_is_the_definition(batch):
    cosines, targets = batch
    margins, weights = torch.tensor([0.5, 0.2, 0.1]), torch.tensor([1.5, 1.0, 0.5]).double()
    for given, expected in [(None, [1, 1, 1]), (weights, weights.tolist())]:
        loss = ldam_loss(cosines, targets, margins.double(), 7.0, given)
        slow = reference_loss(cosines.tolist(), targets.tolist(), margins.tolist(), 7.0, expected)
        assert loss.item() == pytest.approx(slow)


def test_without_margins_it_is_the_cross_entropy_of_scaled_cosines(batch):
    cosines, targets = batch
    expected = torch.nn.functional.cross_entropy(30 * cosines, targets)
    assert ldam_loss(cosines, targets, torch.zeros(3)).item() == pytest.approx(expected.item())


def test_only_the_margin_of_a_rows_own_class_counts(batch):
    cosines, _ = batch
    zeros, own, other = torch.zeros(3), torch.tensor([0.5, 0, 0]), torch.tensor([0, 0.5, 0.5])
    losses = [ldam_loss(cosines, torch.zeros(6).long(), m).item() for m in (zeros, own, other)]
    assert losses[1] > losses[0] == losses[2]


def test_rows_of_a_class_without_weight_are_as_if_absent(batch):
    cosines, targets = batch
    margins, weights = torch.full((3,), 0.1), torch.tensor([1.0, 2.0, 0.0]).double()
    rest = targets != 2
    assert ldam_loss(cosines, targets, margins, class_weights=weights).item() == pytest.approx(
        ldam_loss(cosines[rest], targets[rest], margins, class_weights=weights).item()
    )


@pytest.mark.parametrize("counts", [[], [0, 0], [2, -1], [[1, 2]]])
@pytest.mark.parametrize("of_classes", [class_margins, deferred_class_weights])
def test_what_are_no_counts_is_refused(of_classes, counts):
    with pytest.raises(ValueError, match="number of items"):
        of_classes(np.array(counts, dtype=int))


@pytest.mark.parametrize("beta", [1.0, -0.1, math.nan])
def test_a_beta_out_of_range_is_refused(beta):
    with pytest.raises(ValueError, match="below 1; got"):
        deferred_class_weights(np.array([1, 2]), beta)
