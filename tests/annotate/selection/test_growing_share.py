from __future__ import annotations

import numpy as np

from annotate.protocols import SelectionContext
from annotate.selection.growing_share import GrowingShare


def test_each_class_gets_its_most_confident_share():
    proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.45, 0.55], [0.2, 0.8]])
    context = SelectionContext(labels=np.full(6, -1), round_no=1, n_rounds=2)
    assert GrowingShare().select(proba, context).labels(6).tolist() == [0, 0, -1, -1, -1, 1]


def test_even_the_smallest_class_gets_an_item_in_the_first_round():
    proba = np.array([[0.9, 0.1]] * 30 + [[0.45, 0.55]])
    context = SelectionContext(labels=np.full(31, -1), round_no=1, n_rounds=10)
    counts = np.bincount(GrowingShare().select(proba, context).labels(31) + 1)
    assert counts.tolist() == [27, 3, 1]


def test_the_last_round_takes_every_items_likeliest_class(rng):
    proba = rng.dirichlet(np.ones(3), size=40)
    context = SelectionContext(labels=np.full(40, -1), round_no=3, n_rounds=3)
    labels = GrowingShare().select(proba, context).labels(40)
    np.testing.assert_array_equal(labels, proba.argmax(axis=1))


def test_rejections_name_the_share():
    context = SelectionContext(labels=np.full(4, -1), round_no=1, n_rounds=4)
    selection = GrowingShare().select(np.array([[0.9, 0.1]] * 4), context)
    assert selection.reason_names[1] == "not in the most confident 25% of its class"
    assert selection.accepted.tolist() == [True, False, False, False]
