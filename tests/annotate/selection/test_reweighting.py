from __future__ import annotations

import numpy as np

from annotate.protocols import SelectionContext
from annotate.selection.reweighting import find_reweighed, mean_proba, reweigh


def test_each_row_is_scaled_by_class_and_sums_to_1_again():
    proba = np.array([[0.5, 0.5], [0.8, 0.2]], dtype=np.float32)
    np.testing.assert_allclose(reweigh(proba, np.array([1, 3])), [[0.25, 0.75], [4 / 7, 3 / 7]])


def test_a_row_in_which_nothing_is_left_stays_as_it_is():
    proba = np.array([[1.0, 0.0], [0.5, 0.5]], dtype=np.float32)
    np.testing.assert_allclose(reweigh(proba, np.array([0, 1])), [[1, 0], [0, 1]])


def test_the_class_changes_only_where_that_is_asked_for_and_no_chain_has_decided():
    proba = np.array([[0.6, 0.4], [0.9, 0.1]])
    context = SelectionContext(labels=np.full(2, -1))
    factors = np.array([1.0, 3.0])
    moved = find_reweighed(proba, context, factors, relabel=True)
    kept = find_reweighed(proba, context, factors, relabel=False)
    assert (moved.classes.tolist(), kept.classes.tolist()) == ([1, 0], [0, 0])
    np.testing.assert_allclose(kept.confidence, [1 / 3, 0.75], rtol=1e-6)
    chained = SelectionContext(labels=np.full(2, -1), candidates=np.array([-1, 1]))
    decided = find_reweighed(proba, chained, factors, relabel=True)
    assert (decided.rows.tolist(), decided.classes.tolist()) == ([1], [1])


def test_the_mean_is_over_open_items_with_an_answer():
    proba = np.array([[0.6, 0.4], [0.2, 0.8], [np.nan, np.nan], [0.8, 0.2]])
    context = SelectionContext(labels=np.array([-1, 0, -1, -1]))
    np.testing.assert_allclose(mean_proba(proba, context), [0.7, 0.3], rtol=1e-6)
