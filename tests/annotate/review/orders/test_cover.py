from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from annotate.review.orders import cover
from annotate.review.orders.context import OrderContext
from annotate.review.orders.cover import CoverOrder, ball_cosine, greedy_cover
from annotate.review.prediction_summary import summarise_nothing
from tests.fakes import ArrayRows

SIZES = (40, 10, 30, 20)


@pytest.fixture
def cells():
    return np.repeat(np.arange(len(SIZES)), SIZES)


@pytest.fixture
def features(rng, cells):
    """Tight groups in directions of their own, so that a ball holds a group."""
    noise = rng.normal(scale=0.01, size=(len(cells), 8))
    return (np.eye(len(SIZES), 8)[cells] + noise).astype(np.float32)


def rank(features, labels=None):
    labels = np.full(len(features), -1) if labels is None else labels
    sources = SimpleNamespace(features=lambda: ArrayRows(features))
    context = OrderContext(np.flatnonzero(labels < 0), labels, len(SIZES), 0, sources)
    return CoverOrder().rank(summarise_nothing(len(features)), context)


def test_the_largest_group_without_a_label_comes_first(features, cells):
    assert cells[rank(features)[:4]].tolist() == [0, 2, 3, 1]
    labels = np.where(np.isin(np.arange(len(cells)), [5, 95]), 0, -1)  # of groups 0 and 3
    assert cells[rank(features, labels)[:2]].tolist() == [2, 1]


def reference_cover(balls, is_covered, most):
    """Yehuda et al., algorithm 1: without edges to what is covered, pick the highest degree."""
    edges = {(a, b) for a, b in zip(*np.nonzero(balls), strict=True) if not is_covered[b]}
    picks = []
    while edges and len(picks) < most:
        degrees = np.bincount([a for a, _ in edges], minlength=len(balls))
        picks.append(int(degrees.argmax()))
        held = {b for a, b in edges if a == picks[-1]}
        edges = {(a, b) for a, b in edges if b not in held}
    return picks


@pytest.mark.parametrize("most", [5, 1000])
def test_picks_are_those_of_the_papers_graph(rng, monkeypatch, most):
    monkeypatch.setattr(cover, "_ROWS_AT_ONCE", 7)
    balls = rng.random((60, 60)) < 0.04
    balls |= balls.T | np.eye(60, dtype=bool)
    is_covered = rng.random(60) < 0.2
    found = greedy_cover(balls, is_covered, most).tolist()
    assert found == reference_cover(balls, is_covered, most)


def test_balls_are_the_largest_of_which_nineteen_in_twenty_are_pure(rng):
    vectors = rng.normal(size=(200, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    centres = np.eye(3, dtype=np.float32)
    near, cells = np.round(vectors @ vectors.T, 5), (vectors @ centres.T).argmax(axis=1)

    def purity(least):
        return np.mean([(cells[near[row] > least] == cells[row]).all() for row in range(200)])

    least = ball_cosine(vectors, centres)
    assert purity(least) >= 0.95
    assert purity(np.nextafter(least, -1) - 1e-5) < 0.95


def test_items_outside_the_sample_or_without_features_are_drawn_after_the_picks(
    features, cells, monkeypatch
):
    monkeypatch.setattr(cover, "SAMPLE_ROWS", 50)
    features[[0, 99]] = np.nan
    ranked = rank(features)
    assert sorted(ranked) == list(range(len(cells)))
    assert len(set(cells[ranked[:4]])) == 4
    features[:] = np.nan
    assert sorted(rank(features)) == list(range(len(cells)))


def test_equal_items_are_held_by_one_pick():
    assert rank(np.ones((5, 3), dtype=np.float32))[0] == 0
