"""Each question of the filter on a project that can be counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.corpus.splits import split_of
from annotate.errors import UnknownNameError
from annotate.review.item_filter import ItemFilter
from annotate.review.prediction_summary import summarise_nothing
from annotate.review.queue_request import QueueRequest
from annotate.steps.filter_items import filter_items
from annotate.steps.labels import NONE, PSEUDO, read_current_labels
from annotate.steps.record_events import record_events
from annotate.steps.review import open_queue
from annotate.store.items import read_items
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_as_given, text_project

#                 cat  dog  owl   guess: cat .9, dog .6, owl .8, cat .5
PROBA = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.1, 0.1, 0.8], [0.5, 0.45, 0.05]])


@pytest.fixture
def project(tmp_path):
    """Item 0 accepted by ann, 1 relabelled by bob, 2 skipped and flagged by ann, 3 open."""
    workspace = text_project(tmp_path / "p", ["a Wren sings", "50% off", "under_score", "Wrens"])
    predict_as_given(workspace, PROBA)
    predict_as_given(workspace, PROBA[::-1], teacher="probe")
    record_events(workspace, "ann", [act(1, 0, "accept", 0), act(2, 2, "skip"), act(3, 2, "flag")])
    record_events(workspace, "bob", [act(1, 1, "relabel", 2, "c2")])
    with workspace.store.write() as connection:
        connection.exec_driver_sql("UPDATE items SET group_key = 'g1' WHERE item_no IN (1, 3)")
    yield workspace
    workspace.close()


def act(seq, item_no, kind, class_no=None, client="c1"):
    return {"client_id": client, "seq": seq, "item_no": item_no, "kind": kind, "class_no": class_no}


def found(project, **asked):
    asked.setdefault("teacher", "zero_shot")
    request = QueueRequest("margin", ItemFilter(**asked), open_only=False)
    return sorted(open_queue(project, request).item_nos.tolist())


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"class_name": "cat"}, [0, 3]),
        ({"class_name": "owl"}, [1, 2]),  # bob's label, and what is predicted of the skipped one
        ({"min_confidence": 0.55}, [0, 1, 2]),
        ({"max_confidence": 0.65, "min_confidence": 0.55}, [1]),
        ({"source": "human"}, [0, 1]),
        ({"source": "none"}, [2, 3]),
        ({"reviewer": "ann"}, [0, 2]),
        ({"reviewer": "nobody"}, []),
        ({"decided_as": "skip"}, [2]),
        ({"decided_as": "flag"}, [2]),
        ({"decided_as": "relabel"}, [1]),
        ({"decided_as": "conflict"}, []),
        ({"group": "g1"}, [1, 3]),
        ({"text": "wren"}, [0, 3]),
        ({"text": "0%"}, [1]),
        ({"text": "r_s"}, [2]),
        ({"text": "t3"}, [3]),
        ({"reviewer": "ann", "class_name": "cat"}, [0]),
        ({"teacher": "probe", "class_name": "owl"}, [1]),  # probe says owl of item 1
    ],
)
def test_a_question_lets_through_what_it_asks_for(project, asked, expected):
    assert found(project, **asked) == expected


def test_a_split_is_the_part_of_an_export_that_an_item_falls_into(project):
    with project.store.read() as connection:
        items = read_items(connection, ["item_no", "group_key", "sha256"])
    for split in ("train", "validation", "test"):
        expected = [
            item.item_no
            for item in items.itertuples()
            if split_of(item.group_key or item.sha256) == split
        ]
        assert found(project, split=split) == expected


def test_an_open_queue_holds_only_what_passes_and_needs_an_answer(project):
    request = QueueRequest("margin", ItemFilter(class_name="cat", teacher="zero_shot"))
    queue = open_queue(project, request)
    assert (queue.item_nos.tolist(), queue.n_done) == ([3], 1)


@pytest.mark.parametrize("reason", ["audit", "spot check"])
@pytest.mark.parametrize(
    "asked",
    [{"class_name": "cat"}, {"min_confidence": 0.1}, {"max_confidence": 0.9}],
)
def test_no_filter_tells_what_is_predicted_of_an_item_to_be_answered_blind(project, asked, reason):
    assert 3 in found(project, **asked)
    with project.store.write() as connection:
        ask_first(connection, [3], reason)
    assert 3 not in found(project, **asked)
    assert 3 in found(project, source="none") and 3 in found(project, text="t3")
    record_events(project, "ann", [act(4, 3, "relabel", 0)])
    assert 3 in found(project, **asked)


def test_no_filter_tells_that_an_item_to_be_answered_blind_has_a_pseudo_label(project):
    current = read_current_labels(project)
    sources = np.where(current.sources == NONE, PSEUDO, current.sources).astype(np.int8)
    current = replace(current, sources=sources)
    is_blind = np.array([False, False, False, True])
    summary = summarise_nothing(4)

    def passing(source):
        wanted = ItemFilter(source=source)
        return np.flatnonzero(filter_items(project, wanted, current, summary, is_blind)).tolist()

    assert (passing("pseudo"), passing("none")) == ([2], [3])


def test_with_an_overlap_an_item_stays_blind_for_whoever_has_not_answered_it(project):
    with project.store.write() as connection:
        ask_first(connection, [3], "audit")
    record_events(project, "ann", [act(4, 3, "relabel", 0)])
    request = QueueRequest("margin", ItemFilter(class_name="cat"), open_only=False)
    queues = [
        open_queue(project, request, reviewer=name, overlap=2).item_nos for name in ("ann", "bob")
    ]
    assert [3 in queue for queue in queues] == [True, False]


def test_an_undone_flag_is_no_flag(project):
    undo = {**act(4, 2, "undo"), "undoes": "c1:3"}
    record_events(project, "ann", [undo])
    assert found(project, decided_as="flag") == []


@pytest.mark.parametrize(
    "asked",
    [
        {"class_name": "cta"},
        {"source": "humn"},
        {"split": "tset"},
        {"decided_as": "x"},
        {"teacher": "p"},
    ],
)
def test_an_unknown_name_is_told(project, asked):
    with pytest.raises(UnknownNameError):
        found(project, **asked)
