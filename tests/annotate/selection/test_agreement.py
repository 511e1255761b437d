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


def test_a_label_that_only_measures_has_no_vote():
    labels = np.array([-1, 1, -1, -1])
    context = SelectionContext(labels=labels, training=np.full(4, -1), neighbours=NEIGHBOURS)
    # Without item 1, items 0 and 3 have only item 2 to vote, which says class 1.
    assert Agreement(0.5).select(PROBA, context).labels(4).tolist() == [-1, -1, -1, -1]


def test_an_item_whose_neighbours_have_no_answer_is_rejected():
    proba = PROBA.copy()
    proba[1:3] = np.nan
    context = SelectionContext(labels=np.full(4, -1), neighbours=NEIGHBOURS)
    assert Agreement(0.0).select(proba, context).labels(4).tolist() == [-1, -1, -1, -1]


def test_without_neighbours_it_says_which_step_is_missing():
    with pytest.raises(NotReadyError, match="annotate embed"):
        Agreement().select(PROBA, SelectionContext(labels=np.full(4, -1)))


def item_numbers(ids):
    return np.array([int(name) if name.isdigit() and int(name) < 4 else -1 for name in ids])


@pytest.fixture
def edges_file(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("source,target\n0,1\n0,2\n1,3\n0,99\n")
    return path


def test_on_a_graph_the_items_that_edges_lead_to_vote(edges_file):
    context = SelectionContext(labels=np.full(4, -1), rows_of=item_numbers)
    selector = Agreement(f"0.6@{edges_file}")
    assert selector.needs == {"ids"} and selector.name == f"agreement:0.6@{edges_file}"
    selection = selector.select(PROBA, context)
    # Shares: item 0 has 1 of 2 (items 1 and 2), item 1 both of 0 and 3, item 2 none, item 3 all.
    assert selection.labels(4).tolist() == [-1, 0, -1, 0]


def test_on_a_graph_too_an_item_without_voters_is_rejected(edges_file):
    proba = PROBA.copy()
    proba[1] = np.nan
    context = SelectionContext(labels=np.full(4, -1), rows_of=item_numbers)
    selection = Agreement(f"0.0@{edges_file}").select(proba, context)
    assert selection.labels(4).tolist() == [0, -1, 1, -1]
