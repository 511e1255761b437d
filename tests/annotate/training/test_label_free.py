"""Losses and choices of SSLD against their definitions, and no leak from the evaluation set."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from annotate.training import label_free
from annotate.training.label_free import (
    jensen_shannon,
    top_k_per_class,
    without_duplicates,
)


def kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


@pytest.fixture
def pair(rng):
    """Two sets of probabilities."""
    return rng.dirichlet(np.ones(4), 5), rng.dirichlet(np.ones(4), 5)


def loss_of(loss, p, q):
    return loss(torch.tensor(p).log(), torch.tensor(q)).item()


def test_jensen_shannon_is_the_definition(pair):
    expected = 0.0
    for p, q in zip(*pair, strict=True):
        m = (p + q) / 2
        expected += (kl(p, m) + kl(q, m)) / 2 / 5
    assert loss_of(jensen_shannon, *pair) == pytest.approx(expected)


def test_the_loss_is_0_between_equals_and_the_same_both_ways(pair):
    p, q = pair
    assert loss_of(jensen_shannon, p, p) == pytest.approx(0, abs=1e-9)
    assert loss_of(jensen_shannon, p, q) == pytest.approx(loss_of(jensen_shannon, q, p)) != 0
    shifted = torch.tensor(p).log() + 7  # logits are known but for a constant
    loss = jensen_shannon(shifted, torch.tensor(q)).item()
    assert loss == pytest.approx(loss_of(jensen_shannon, p, q))


def test_total_disagreement_costs_log_2():
    logits, teacher = torch.tensor([[200.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert jensen_shannon(logits, teacher).item() == pytest.approx(math.log(2))


def test_a_certain_teacher_teaches_and_breaks_nothing():
    logits = torch.tensor([[0.0, 1.0, 2.0]], requires_grad=True)
    value = jensen_shannon(logits, torch.tensor([[1.0, 0.0, 0.0]]))
    value.backward()
    assert math.isfinite(value.item())
    # Going down the loss raises the logit of the teacher's class, and no other.
    assert (logits.grad < 0).tolist() == [[True, False, False]]


def reference_top_k(proba, k, floor):
    """Sort every row of a class that reaches the floor, take the first k."""
    by_class = {}
    for row, p in enumerate(proba.tolist()):
        if max(p) >= floor:
            by_class.setdefault(p.index(max(p)), []).append((-max(p), row))
    return sorted(row for rows in by_class.values() for _, row in sorted(rows)[:k])


@pytest.mark.parametrize("k", [1, 3, 100])
@pytest.mark.parametrize("floor", [0.0, 0.5, 1.0])
def test_the_chosen_are_the_surest_of_each_class(rng, k, floor):
    # Rounded, so that confidences are often equal.
    proba = rng.multinomial(8, [0.5, 0.3, 0.15, 0.05], 60) / 8
    assert top_k_per_class(proba, k, floor).tolist() == reference_top_k(proba, k, floor)


def test_a_class_that_the_pool_lacks_gets_no_junk():
    proba = np.array([[0.9, 0.1], [0.95, 0.05], [0.99, 0.01], [0.45, 0.55]])
    assert top_k_per_class(proba, 2, 0.0).tolist() == [1, 2, 3]
    assert top_k_per_class(proba, 2, 0.6).tolist() == [1, 2]


def test_a_row_counts_for_its_likeliest_class_alone_and_one_without_an_answer_for_none():
    proba = np.array([[0.6, 0.4], [np.nan, np.nan], [0.7, 0.3]])
    assert top_k_per_class(proba, 5, 0.0).tolist() == [0, 2]


@pytest.mark.parametrize(("k", "floor"), [(0, 0.5), (1, -0.1), (1, 1.1), (1, math.nan)])
def test_a_choice_out_of_range_is_refused(k, floor):
    with pytest.raises(ValueError, match=f"got {k} and {floor}"):
        top_k_per_class(np.full((2, 2), 0.5), k, floor)


def reference_without(pool, other, threshold):
    def cosine(a, b):
        return float(a @ b / math.sqrt((a @ a) * (b @ b)))

    return [i for i, a in enumerate(pool) if max(cosine(a, b) for b in other) < threshold]


@pytest.mark.parametrize("threshold", [-0.2, 0.3, 0.6])
def test_kept_is_what_resembles_nothing_whatever_the_blocks(rng, monkeypatch, threshold):
    pool, other = rng.normal(size=(23, 6)), rng.normal(size=(7, 6))
    expected = reference_without(pool, other, threshold)
    assert 0 < len(expected) < 23 or threshold < 0
    for rows_per_block in (1, 4, 100):
        monkeypatch.setattr(label_free, "ROWS_PER_BLOCK", rows_per_block)
        assert without_duplicates(pool, other, threshold).tolist() == expected


def test_a_planted_copy_is_found_at_any_length(rng):
    pool, other = rng.normal(size=(50, 16)), rng.normal(size=(9, 16))
    pool[7], pool[31], pool[40] = other[2], 1000 * other[8], other[0] + 1e-4
    kept = without_duplicates(pool.astype(np.float16), other.astype(np.float16), 0.99)
    assert kept.tolist() == sorted(set(range(50)) - {7, 31, 40})


def test_what_the_teacher_is_surest_of_does_not_leak_from_the_evaluation_set(rng):
    pool, evaluation = rng.normal(size=(40, 8)), rng.normal(size=(5, 8))
    leaked = np.arange(0, 40, 8)
    pool[leaked] = evaluation
    confidence = np.full(40, 0.8)
    confidence[leaked] = 0.99
    proba = np.where(
        np.arange(40)[:, None] % 2 == [0, 1], confidence[:, None], 1 - confidence[:, None]
    )
    assert set(leaked) <= set(top_k_per_class(proba, 5, 0.5))
    kept = without_duplicates(pool, evaluation, 0.99)
    chosen = kept[top_k_per_class(proba[kept], 5, 0.5)]
    assert len(chosen) == 10
    assert not set(leaked) & set(chosen)


def test_rows_without_features_are_not_kept_and_hide_no_duplicate(rng):
    pool, other = rng.normal(size=(6, 4)), rng.normal(size=(3, 4))
    pool[1], pool[4], other[0] = np.nan, other[2], np.nan
    assert without_duplicates(pool, other, 0.999).tolist() == [0, 2, 3, 5]


def test_an_empty_pool_has_nothing_to_keep():
    assert without_duplicates(np.empty((0, 4)), np.ones((2, 4)), 0.9).tolist() == []


@pytest.mark.parametrize("threshold", [1.0, -1.0, math.nan])
def test_a_threshold_that_finds_nothing_or_all_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold must be above -1 and below 1"):
        without_duplicates(np.ones((2, 4)), np.ones((2, 4)), threshold)


@pytest.mark.parametrize("shape", [(0, 4), (2, 5), (4,)])
def test_features_of_two_encoders_are_refused(shape):
    with pytest.raises(ValueError, match="Encode both with one encoder"):
        without_duplicates(np.ones((2, 4)), np.ones(shape), 0.9)
