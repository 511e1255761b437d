from __future__ import annotations

import numpy as np
import pytest

from annotate.review.confusions import Confusion
from annotate.steps.change_schema import merge_classes
from annotate.steps.class_board import doubtful_items, read_class_rows, read_confusions
from annotate.steps.snapshot import read_snapshot
from annotate.store.decisions import Decision, append_decisions
from annotate.store.items import drop_items
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_as_given, text_project

PROBA = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.3, 0.7, 0]])


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "p", ["zero", "one", "two", "three"])
    predict_as_given(workspace, PROBA)
    yield workspace
    workspace.close()


def answer(project, item_no, class_no, shown=None, reviewer="ann"):
    event = Decision(
        f"{reviewer}{item_no}", item_no, reviewer, "relabel", 1, class_no=class_no,
        shown={"blind": True} if shown is None else {"blind": False, "class_no": shown},
    )  # fmt: skip
    append_decisions(project.store, [event])


def test_classes_count_labels_by_source_and_predictions(project):
    answer(project, 0, 2)
    rows = read_class_rows(project, read_snapshot(project))
    assert [row.n_by_source for row in rows] == [{"human": 0}, {"human": 0}, {"human": 1}]
    assert [row.n_predicted for row in rows] == [2, 2, 0]


def test_the_gallery_of_a_class_begins_with_what_is_doubtful(project):
    answer(project, 2, 0)
    assert doubtful_items(project, read_snapshot(project), 0) == (2, 1, 0)
    with project.store.write() as connection:
        drop_items(connection, [1])
    assert doubtful_items(project, read_snapshot(project), 0) == (2, 0)


def test_the_gallery_holds_nothing_that_is_to_be_answered_blind(project):
    with project.store.write() as connection:
        ask_first(connection, [0], "audit")
        ask_first(connection, [1], "spot check")
    assert doubtful_items(project, read_snapshot(project), 0) == ()
    answer(project, 0, 0)
    assert doubtful_items(project, read_snapshot(project), 0) == (0,)


def test_answers_are_compared_with_what_was_shown_or_with_what_is_predicted(project):
    answer(project, 0, 1, shown=2)
    answer(project, 1, 1)
    answer(project, 2, 1, shown=1)
    snapshot = read_snapshot(project)
    shown = read_confusions(project, snapshot, "shown")
    assert (shown.n, shown.n_same, shown.pairs) == (2, 1, (Confusion(2, 1, 1),))
    predicted = read_confusions(project, snapshot, "predicted")
    assert (predicted.n, predicted.n_same, predicted.pairs) == (3, 1, (Confusion(0, 1, 2),))


def test_a_suggestion_of_a_merged_class_counts_for_what_it_has_become(project):
    answer(project, 0, 1, shown=0)
    answer(project, 1, 2, shown=0)
    merge_classes(project, ["cat", "dog"], "dog")
    found = read_confusions(project, read_snapshot(project), "shown")
    assert (found.n, found.n_same, found.pairs) == (2, 1, (Confusion(1, 2, 1),))
