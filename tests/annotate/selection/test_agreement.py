from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.protocols import SelectionContext
from annotate.selection.agreement import Agreement

PROBA = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
NEIGHBOURS = np.array([[1, 2], [0, 3], [0, 1], [1, 2]])


def test_counts_the_votes_of_the_neighbours():
    context = SelectionContext(labels=np.full(4, -1), neighbours=NEIGHBOURS)
    selection = Agreement("0.6").select(PROBA, context)
    # Shares: item 0 has 1 of 2, item 1 both, item 2 none, item 3 has 1 of 2.
    assert selection.labels(4).tolist() == [-1, 0, -1, -1]
    assert "60%" in selection.reason_names[selection.reasons[2]]


def test_a_given_label_outvotes_the_teacher():
    context = SelectionContext(labels=np.array([-1, 1, -1, -1]), neighbours=NEIGHBOURS)
    selection = Agreement(0.5).select(PROBA, context)
    assert selection.rows.tolist() == [0, 2, 3]
    assert selection.labels(4).tolist() == [-1, -1, 1, -1]


def test_an_item_whose_neighbours_have_no_answer_is_rejected():
    proba = PROBA.copy()
    proba[1:3] = np.nan
    context = SelectionContext(labels=np.full(4, -1), neighbours=NEIGHBOURS)
    assert Agreement(0.0).select(proba, context).labels(4).tolist() == [-1, -1, -1, -1]


def test_without_neighbours_it_says_which_step_is_missing():
    with pytest.raises(NotReadyError, match="annotate embed"):
        Agreement().select(PROBA, SelectionContext(labels=np.full(4, -1)))
