"""Expected corrections against a literal form of its definition."""

from __future__ import annotations

import numpy as np

from annotate.review.orders import expected_corrections as module
from annotate.review.orders.context import NoSources, OrderContext
from annotate.review.orders.expected_corrections import ExpectedCorrectionsOrder
from annotate.review.orders.typical import TypicalOrder
from annotate.review.prediction_summary import PredictionSummary, summarise_nothing
from tests.fakes import ArrayRows

N_ITEMS = 60


class Neighbours(NoSources):
    def __init__(self, values):
        self.values = values

    def neighbours(self, k):
        return self.values[:, :k]


def rank(confidence, neighbours, labels=None):
    confidence = np.asarray(confidence, dtype=np.float32)
    n_items = len(confidence)
    labels = np.full(n_items, -1) if labels is None else labels
    nothing = np.zeros(n_items, dtype=np.float32)
    summary = PredictionSummary(np.zeros(n_items, np.int32), confidence, nothing, nothing)
    context = OrderContext(np.flatnonzero(labels < 0), labels, 2, 0, Neighbours(neighbours))
    return ExpectedCorrectionsOrder().rank(summary, context).tolist()


def literal_order(confidence, neighbours, labels):
    """The definition, slowly: take the item of most gain, discount its neighbours, again."""
    doubt = [0 if label >= 0 else 1 - c for c, label in zip(confidence, labels, strict=True)]
    gain = {
        i: doubt[i] * (1 + np.mean([doubt[j] for j in neighbours[i][:10]]))
        for i in range(len(doubt))
        if labels[i] < 0
    }
    order = []
    while gain:
        best = max(gain, key=lambda i: (gain[i], -i))
        order.append(best)
        del gain[best]
        for j in set(neighbours[best][:10].tolist()) & gain.keys():
            gain[j] *= 0.7
    return order


class Features(NoSources):
    def __init__(self, values):
        self.values = values

    def features(self):
        return ArrayRows(self.values)


def ranked(summary, labels, sources=None):
    context = OrderContext(np.flatnonzero(labels < 0), labels, 2, 0, sources or NoSources())
    return ExpectedCorrectionsOrder().rank(summary, context)


def test_until_20_answers_train_typical_items_come_first(rng):
    doubts = rng.permutation(N_ITEMS) / N_ITEMS
    nothing = np.zeros(N_ITEMS, dtype=np.float32)
    summary = PredictionSummary(np.zeros(N_ITEMS, np.int32), 1 - doubts, nothing, nothing)
    sources = Features(rng.normal(size=(N_ITEMS, 4)).astype(np.float32))
    for n_labels in (0, 13, 19, 20):
        labels = np.where(np.arange(N_ITEMS) < n_labels, 0, -1)
        context = OrderContext(np.flatnonzero(labels < 0), labels, 2, 0, sources)
        typical = TypicalOrder().rank(summary, context)[: 20 - n_labels]
        order = ranked(summary, labels, sources)
        assert order[: 20 - n_labels].tolist() == typical.tolist()
        assert (np.diff(doubts[order[20 - n_labels :]]) < 0).all()  # then by doubt


def test_items_without_features_are_none_of_the_typical_ones(rng):
    features = rng.normal(size=(N_ITEMS, 4)).astype(np.float32)
    features[:40] = np.nan
    confidence = rng.random(N_ITEMS).astype(np.float32)
    nothing = np.zeros(N_ITEMS, dtype=np.float32)
    summary = PredictionSummary(np.zeros(N_ITEMS, np.int32), confidence, nothing, nothing)
    order = ranked(summary, np.full(N_ITEMS, -1), Features(features))
    assert sorted(order[:20]) == list(range(40, N_ITEMS))
    assert order[20:].tolist() == np.argsort(confidence[:40]).tolist()


def test_without_features_doubt_orders_from_the_first_answer_on(rng):
    confidence = rng.random(N_ITEMS).astype(np.float32)
    nothing = np.zeros(N_ITEMS, dtype=np.float32)
    summary = PredictionSummary(np.zeros(N_ITEMS, np.int32), confidence, nothing, nothing)
    order = ranked(summary, np.full(N_ITEMS, -1))
    assert order.tolist() == np.argsort(confidence).tolist()


def test_what_the_prediction_does_not_answer_comes_last_and_shuffled(rng):
    summary = summarise_nothing(N_ITEMS)
    summary.predicted[:5], summary.confidence[:5] = 0, 0.9
    order = ranked(summary, np.full(N_ITEMS, -1)).tolist()
    assert sorted(order[:5]) == list(range(5))
    assert sorted(order[5:]) == list(range(5, N_ITEMS)) != order[5:]


def test_it_takes_the_greatest_gain_that_is_left(rng):
    confidence = rng.uniform(0.3, 1, N_ITEMS).astype(np.float32)
    neighbours = np.array(
        [rng.permutation(np.delete(np.arange(N_ITEMS), i)) for i in range(N_ITEMS)]
    )
    labels = np.where(rng.random(N_ITEMS) < 0.2, 0, -1)
    assert rank(confidence, neighbours, labels) == literal_order(confidence, neighbours, labels)


def test_of_two_in_equal_doubt_the_one_among_doubtful_items_comes_first():
    #  0 and 3 are in equal doubt; beside 0 all is sure, beside 3 nothing is.
    neighbours = np.array([[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]])
    assert rank([0.5, 0.99, 0.99, 0.5, 0.6, 0.6], neighbours)[:2] == [3, 0]


def test_before_neighbours_are_found_the_greater_doubt_comes_first():
    summary = PredictionSummary(
        np.zeros(3, np.int32), np.array([0.6, 0.5, 0.9], np.float32), *np.zeros((2, 3), np.float32)
    )
    context = OrderContext(np.arange(3), np.full(3, -1), 2, 0, NoSources())
    assert ExpectedCorrectionsOrder().rank(summary, context).tolist() == [1, 0, 2]


def test_neighbours_of_what_was_just_asked_wait():
    # One doubtful pair and one single item that is a little less in doubt.
    neighbours = np.array([[1], [0], [3], [2]])
    assert rank([0.5, 0.52, 0.48, 0.99], neighbours) == [0, 2, 1, 3]


def test_after_the_chosen_ones_the_rest_follow_by_gain(monkeypatch):
    monkeypatch.setattr(module, "N_CHOSEN", 1)
    neighbours = np.array([[1], [0], [3], [2]])
    assert rank([0.5, 0.52, 0.48, 0.99], neighbours) == [0, 1, 2, 3]
