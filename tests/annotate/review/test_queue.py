from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import UnknownNameError
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary, summarise_nothing
from annotate.review.queue import build_queue, queue_orders

N = 40


@pytest.fixture
def summary(rng):
    return PredictionSummary(
        predicted=rng.integers(0, 3, N).astype(np.int32),
        confidence=rng.random(N, dtype=np.float32),
        margin=rng.random(N, dtype=np.float32),
        entropy=rng.random(N, dtype=np.float32),
    )


def rank(name, summary, rows=None, labels=None, seed=0):
    rows = np.arange(len(summary.predicted)) if rows is None else np.asarray(rows)
    labels = np.full(len(summary.predicted), -1) if labels is None else labels
    return queue_orders.make(name).rank(summary, OrderContext(rows, labels, 3, seed)).tolist()


def test_margin_asks_the_closest_call_first(summary):
    assert rank("margin", summary) == sorted(range(N), key=lambda row: summary.margin[row])


def test_entropy_asks_the_most_spread_first(summary):
    assert rank("entropy", summary) == sorted(range(N), key=lambda row: -summary.entropy[row])


def test_mixed_takes_a_close_call_and_a_random_item_in_turn(summary):
    uncertain, random = rank("margin", summary), rank("random", summary)
    in_turn = [row for pair in zip(uncertain, random, strict=True) for row in pair]
    expected = list(dict.fromkeys(in_turn))
    assert rank("mixed", summary) == expected


def test_class_balanced_always_asks_for_the_class_with_the_fewest_labels(summary):
    labels = np.full(N, -1)
    labels[:6] = [0, 0, 0, 0, 1, 1]
    counts, left = [4, 2, 0], list(range(6, N))
    expected = []
    while left:  # the definition: one greedy choice after another
        classes = summary.predicted
        row = min(left, key=lambda r: (counts[classes[r]], classes[r], summary.margin[r]))
        counts[summary.predicted[row]] += 1
        left.remove(row)
        expected.append(row)
    assert rank("class_balanced", summary, np.arange(6, N), labels) == expected


def test_an_unknown_order_lists_the_near_ones():
    with pytest.raises(UnknownNameError, match="margin"):
        queue_orders.make("margins")


def queue(summary, is_open, asked_first=(), one_in_five=(), n_acts=0):
    return build_queue(
        summary,
        queue_orders.make("margin"),
        is_open=is_open,
        labels=np.full(len(is_open), -1),
        n_classes=3,
        asked_first=asked_first,
        one_in_five=one_in_five,
        n_acts=n_acts,
    ).tolist()


def test_asked_first_come_first_in_their_order_once_and_only_while_open(summary):
    is_open = np.ones(N, dtype=bool)
    is_open[7] = False
    numbers = queue(summary, is_open, asked_first=[9, 7, 2])
    assert numbers[:2] == [9, 2]
    assert sorted(numbers) == np.flatnonzero(is_open).tolist()


def test_every_fifth_item_is_one_that_was_asked_for_from_the_first_on(summary):
    is_open = np.ones(N, dtype=bool)
    is_open[7] = False
    numbers = queue(summary, is_open, asked_first=[30], one_in_five=[9, 7, 2, 5])
    assert numbers[0] == 30
    assert {place: numbers[place] for place in (1, 6, 11)} == {1: 9, 6: 2, 11: 5}
    others = [number for number in numbers if number not in (9, 2, 5, 30)]
    assert others == [n for n in rank("margin", summary) if n not in (7, 9, 2, 5, 30)]


@pytest.mark.parametrize(("n_acts", "place"), [(1, 4), (3, 2), (4, 1), (5, 0), (503, 2)])
def test_a_queue_that_is_opened_again_goes_on_counting(summary, n_acts, place):
    is_open = np.ones(N, dtype=bool)
    numbers = queue(summary, is_open, one_in_five=[9, 2], n_acts=n_acts)
    assert [numbers.index(n) for n in (9, 2)] == [place, place + 5]


def test_one_in_five_are_asked_even_when_nothing_else_is_left(summary):
    is_open = np.zeros(N, dtype=bool)
    is_open[[9, 2, 5]] = True
    assert queue(summary, is_open, one_in_five=[9, 2]) == [9, 5, 2]


def test_items_without_prediction_come_last(summary):
    summary.predicted[[0, 5]] = -1
    assert set(queue(summary, np.ones(N, dtype=bool))[-2:]) == {0, 5}


def test_without_any_prediction_the_queue_is_shuffled():
    numbers = queue(summarise_nothing(N), np.ones(N, dtype=bool))
    assert sorted(numbers) == list(range(N)) != numbers


def test_an_order_that_needs_no_prediction_ranks_every_item():
    is_open = np.ones(N, dtype=bool)
    numbers = build_queue(
        summarise_nothing(N),
        queue_orders.make("random"),
        is_open=is_open,
        labels=np.full(N, -1),
        n_classes=3,
    )
    assert numbers.tolist() == rank("random", summarise_nothing(N))
