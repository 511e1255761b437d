"""Every registered queue order keeps the same promises."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.review.orders.context import NoSources, OrderContext
from annotate.review.prediction_summary import PredictionSummary, summarise_prediction
from annotate.review.queue import queue_orders
from tests.fakes import ArrayRows

NAMES = queue_orders.names()
DO_WITHOUT = {"expected_corrections"}  # the default must open any project
DRAW = {"cover", "mixed", "random", "typical"}  # among equals they draw
SPREAD = {"expected_corrections"}  # of equals it takes those apart from each other
N_ITEMS, N_CLASSES = 400, 4


@dataclass
class Sources:
    """Features and two predictions in memory."""

    values: np.ndarray
    probas: list[np.ndarray]
    asked_for: set[str] = field(default_factory=set)

    def features(self):
        self.asked_for.add("features")
        return ArrayRows(self.values)

    def neighbours(self, k):
        self.asked_for.add("neighbours")
        return (np.arange(len(self.values))[:, None] + np.arange(1, k + 1)) % len(self.values)

    def prediction(self):
        self.asked_for.add("prediction")
        return ArrayRows(self.probas[0])

    def predictions(self):
        self.asked_for.add("predictions")
        return [ArrayRows(proba) for proba in self.probas]


class WithOnly(NoSources):
    """Some of the sources; the others are missing."""

    def __init__(self, sources, names):
        for name in names:
            setattr(self, name, getattr(sources, name))


def case(rng, n_items=N_ITEMS):
    """Return a summary and a context: every second item asked, some of them labelled."""
    probas = [rng.dirichlet(np.full(N_CLASSES, 0.5), n_items).astype(np.float32) for _ in "ab"]
    probas[1][::9] = np.nan
    features = rng.normal(size=(n_items, 6)).astype(np.float32)
    features[::17] = np.nan
    labels = np.where(rng.random(n_items) < 0.1, rng.integers(0, N_CLASSES, n_items), -1)
    summary = summarise_prediction(
        ArrayRows(probas[0].copy()), n_items, np.ones(N_CLASSES, dtype=bool)
    )
    rows = np.flatnonzero(rng.random(n_items) < 0.5)
    return summary, OrderContext(rows, labels, N_CLASSES, 0, Sources(features, probas))


def rank(name, summary, context):
    return queue_orders.make(name).rank(summary, context).tolist()


@pytest.mark.parametrize("name", NAMES)
def test_it_says_why_it_asks_and_whom(name):
    order = queue_orders.make(name)
    assert order.because
    assert {type(order.needs_prediction), type(order.includes_labelled)} == {bool}


@pytest.mark.parametrize("name", NAMES)
def test_it_returns_each_row_once_and_no_other(name, rng):
    summary, context = case(rng)
    assert sorted(rank(name, summary, context)) == context.rows.tolist()
    none = replace(context, rows=context.rows[:0])
    assert rank(name, summary, none) == []


@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_items_ten_times_give_the_same_order(name, rng):
    summary, context = case(rng, n_items=10_000)
    first = rank(name, summary, context)
    assert all(rank(name, summary, context) == first for _ in range(9))


@pytest.mark.parametrize("name", sorted(DRAW))
def test_another_seed_draws_another_order(name, rng):
    summary, context = case(rng)
    assert rank(name, summary, context) != rank(name, summary, replace(context, seed=1))


@pytest.mark.parametrize("name", sorted(set(NAMES) - DRAW - SPREAD))
def test_equals_keep_item_order(name):
    proba = np.full((N_ITEMS, 2), 0.5, dtype=np.float32)
    equal = np.full(N_ITEMS, 0.5, dtype=np.float32)
    summary = PredictionSummary(np.zeros(N_ITEMS, dtype=np.int32), equal, equal, equal)
    sources = Sources(np.ones((N_ITEMS, 3), dtype=np.float32), [proba, proba])
    rows = np.arange(3, N_ITEMS, 2)
    labels = np.where(np.arange(N_ITEMS) == 0, 1, -1)
    context = OrderContext(rows, labels, 2, 0, sources)
    assert rank(name, summary, context) == rows.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_nothing_that_it_could_do_without(name, rng):
    summary, context = case(rng)
    ranked = rank(name, summary, context)
    needed = set(context.sources.asked_for)
    for source in needed:
        without = replace(context, sources=WithOnly(context.sources, needed - {source}))
        if name in DO_WITHOUT:
            assert rank(name, summary, without) != ranked
            continue
        with pytest.raises(NotReadyError, match="queue order needs"):
            rank(name, summary, without)
    only = replace(context, sources=WithOnly(context.sources, needed))
    assert rank(name, summary, only) == ranked
