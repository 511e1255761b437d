from __future__ import annotations

import numpy as np

from annotate.protocols import SelectionContext
from annotate.selection.freematch import FreeMatch, class_thresholds


def test_the_mean_confidence_scaled_to_each_class_by_hand():
    proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    context = SelectionContext(labels=np.full(4, -1))
    # Mean confidence 0.75; mean probabilities 0.7 and 0.3: T = 0.75 and 0.75 * 3 / 7.
    np.testing.assert_allclose(class_thresholds(proba, context), [0.75, 0.75 * 3 / 7], rtol=1e-6)
    assert FreeMatch().select(proba, context).labels(4).tolist() == [0, 0, -1, 1]


def test_labelled_items_and_items_without_an_answer_do_not_count():
    proba = np.array([[0.9, 0.1], [0.5, 0.5], [np.nan, np.nan]])
    context = SelectionContext(labels=np.array([-1, 0, -1]))
    np.testing.assert_allclose(class_thresholds(proba, context), [0.9, 0.1], rtol=1e-6)


def test_a_later_selector_of_a_chain_still_asks_the_whole_corpus():
    proba = np.array([[0.9, 0.1], [0.6, 0.4]])
    context = SelectionContext(labels=np.full(2, -1), candidates=np.array([-1, 0]))
    assert FreeMatch().select(proba, context).labels(2).tolist() == [-1, -1]


def test_a_corpus_with_all_labels_given_is_no_error():
    context = SelectionContext(labels=np.zeros(2, dtype=int))
    assert len(FreeMatch().select(np.full((2, 2), 0.5), context).rows) == 0
