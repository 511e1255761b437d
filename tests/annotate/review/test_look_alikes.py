"""Look-alikes by cosine, and the price of spreading a label, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.review import look_alikes
from annotate.review.look_alikes import cosines_to, most_alike, offers_to_spread


class InMemory:
    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.float32)
        self.shape = self.values.shape

    def read(self, start, stop):
        return self.values[start:stop]

    def take(self, rows):
        return self.values[rows]


def test_the_cosine_is_the_scaled_product_whatever_the_block(rng, monkeypatch):
    features = rng.normal(size=(50, 6))
    features[7] = np.nan
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for block_values in (6, 40, 10_000):
        monkeypatch.setattr(look_alikes, "_BLOCK_VALUES", block_values)
        np.testing.assert_allclose(cosines_to(InMemory(features), 3), unit @ unit[3], atol=1e-5)


def test_the_most_alike_come_first_and_equal_ones_in_order():
    cosines = np.array([0.1, 0.9, np.nan, 0.9, 0.5])
    assert most_alike(cosines, np.ones(5, dtype=bool), 3).tolist() == [1, 3, 4]
    assert most_alike(cosines, np.array([1, 0, 1, 0, 1], dtype=bool), 9).tolist() == [4, 0]


def test_an_offers_error_is_that_of_decided_items_at_least_as_alike():
    candidates = np.linspace(0.9, 0.6, 7)  # the fifth has cosine 0.7
    decided = np.array([0.95, 0.8, 0.72, 0.65, 0.2])
    right = np.array([True, False, True, False, False])
    five, seven = offers_to_spread(candidates, decided, right)
    assert (five.n_items, five.n_decided, five.n_wrong) == (5, 3, 1)
    assert (seven.n_items, seven.n_decided, seven.n_wrong) == (7, 4, 2)
    assert seven.expected_error == 0.5
    # Clopper and Pearson for 2 of 4, from their tables.
    assert (seven.low, seven.high) == (
        pytest.approx(0.0676, abs=1e-4),
        pytest.approx(0.9324, abs=1e-4),
    )


def test_where_nothing_alike_was_decided_the_error_is_not_known():
    [offer] = offers_to_spread(np.array([0.9, 0.8]), np.array([0.1]), np.array([True]))
    assert (offer.expected_error, offer.low, offer.high) == (None, 0.0, 1.0)


def test_no_candidates_no_offers():
    assert offers_to_spread(np.empty(0), np.array([0.9]), np.array([True])) == []


def test_offers_end_with_all_there_are_or_a_hundred():
    sizes = [
        o.n_items for o in offers_to_spread(np.linspace(1, 0, 30), np.empty(0), np.empty(0, bool))
    ]
    assert sizes == [5, 10, 20, 30]
    many = offers_to_spread(np.linspace(1, 0, 300), np.empty(0), np.empty(0, bool))
    assert [offer.n_items for offer in many] == [5, 10, 20, 50, 100]
