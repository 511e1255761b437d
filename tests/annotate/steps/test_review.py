from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from annotate.errors import NotReadyError, SourceError
from annotate.review.queue_request import QueueRequest
from annotate.schema import ClassSpec
from annotate.steps import review
from annotate.steps.picture import read_picture
from annotate.steps.record_events import record_events
from annotate.steps.review import open_queue, read_cards
from annotate.steps.workspace import create_workspace
from annotate.store.decisions import read_decisions
from annotate.store.gold import insert_gold
from annotate.store.items import drop_items
from annotate.store.queue_front import ask_first
from annotate.store.schema_versions import merged, record_schema, retired, split
from tests.app.review_projects import image_project, predict_as_given, text_project

PROBA = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.5, 0.45, 0.05], [0.1, 0.1, 0.8]])


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "p", ["zero", "one", "two", "three"])
    predict_as_given(workspace, PROBA)
    yield workspace
    workspace.close()


def event(seq, item_no, kind="accept", class_no=0, **rest):
    shown = {"class_no": 0, "confidence": 0.9, "teacher": "zero_shot"}
    act = {"client_id": "c1", "seq": seq, "item_no": item_no, "kind": kind, "class_no": class_no}
    when = {"elapsed_ms": 1500, "at": "2026-01-02T03:04:05+00:00"}
    return {**act, **when, "shown": shown, **rest}


def stored(project):
    with project.store.read() as connection:
        return read_decisions(connection)


def numbers(project, order="margin"):
    return open_queue(project, QueueRequest(order)).item_nos.tolist()


def page(project, queue, start, n):
    return read_cards(project, queue, queue.item_nos[start : start + n].tolist())


def test_the_queue_is_ranked_by_the_newest_prediction(project):
    assert numbers(project) == [2, 1, 3, 0]
    predict_as_given(project, PROBA[::-1], teacher="probe")
    assert numbers(project) == [1, 2, 0, 3]


def test_what_needs_no_answer_is_not_in_the_queue(project):
    record_events(project, "ann", [event(1, 1, "skip", None)])
    with project.store.write() as connection:
        drop_items(connection, [2])
        row = {"item_no": 3, "class_no": 2, "schema_version": 1, "role": "train", "origin": "x"}
        insert_gold(connection, [{**row, "recorded_at_utc": "2026-01-01"}])
    queue = open_queue(project, QueueRequest("margin"))
    assert (queue.item_nos.tolist(), queue.n_done) == ([0], 2)


def test_an_undone_item_comes_back(project):
    record_events(project, "ann", [event(1, 1), event(2, 1, "undo", None, undoes="c1:1")])
    assert 1 in numbers(project)


def test_a_page_holds_the_cards_at_its_places(project):
    queue = open_queue(project, QueueRequest("margin"))
    cards = page(project, queue, 1, 2)
    assert [(c.item_no, c.item_id, c.text) for c in cards] == [(1, "t1", "one"), (3, "t3", "three")]
    assert cards[1].guesses[0].class_no == 2
    assert page(project, queue, 4, 2) == []


def test_an_unchanged_prediction_is_summarised_once(project, monkeypatch):
    queue = open_queue(project, QueueRequest("margin"))
    monkeypatch.setattr(review, "prediction_summary", None)
    assert open_queue(project, QueueRequest("random"), previous=queue).summary is queue.summary


def test_a_project_without_prediction_can_be_reviewed(tmp_path):
    project = text_project(tmp_path / "p", ["zero", "one"])
    queue = open_queue(project)
    assert sorted(queue.item_nos) == [0, 1]
    assert all(card.guesses == () for card in page(project, queue, 0, 2))


def test_a_project_with_several_classes_an_item_is_refused_by_name(tmp_path):
    classes = (ClassSpec(0, "a"), ClassSpec(0, "b"))
    project = create_workspace(tmp_path / "p", classes, task="multi", modality="text")
    with pytest.raises(NotReadyError, match="several"):
        open_queue(project)


def test_an_act_becomes_one_decision_with_what_was_shown(project):
    receipt = record_events(project, "ann", [event(1, 2, "relabel", 1)])
    [row] = stored(project).itertuples()
    assert receipt.acked == ("c1:1",)
    assert (row.event_id, row.item_no, row.reviewer, row.kind) == ("c1:1", 2, "ann", "relabel")
    assert (row.class_no, row.elapsed_s, row.role, row.purpose) == (1, 1.5, "train", "review")
    assert row.item_sha256 == hashlib.sha256(b"two").hexdigest()
    assert '"teacher":"zero_shot"' in row.shown


def test_an_event_sent_again_is_acknowledged_and_stored_once(project):
    events = [event(1, 0), event(2, 1)]
    first = record_events(project, "ann", events[:1])
    again = record_events(project, "ann", [*events, *events])
    assert (first.acked, sorted(again.acked)) == (("c1:1",), ["c1:1", "c1:2"])
    assert stored(project)["event_id"].tolist() == ["c1:1", "c1:2"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"item_no": 99}, "item"),
        ({"item_no": -1}, "item"),
        ({"item_no": 10**30}, "item"),
        ({"item_no": True}, "item"),
        ({"class_no": 3}, "class"),
        ({"class_no": None}, "class"),
        ({"class_no": "0"}, "class"),
        ({"kind": "drop table"}, "one of"),
        ({"kind": "undo", "undoes": "c1:7"}, "not stored"),
        ({"kind": "undo", "undoes": "\ud800"}, "not stored"),
    ],
)
def test_a_bad_event_is_refused_with_a_reason_and_holds_up_no_other(project, bad, reason):
    receipt = record_events(project, "ann", [{**event(1, 0), **bad}, event(2, 1)])
    assert receipt.acked == ("c1:2",)
    assert reason in receipt.refused["c1:1"]
    assert stored(project)["event_id"].tolist() == ["c1:2"]


@pytest.mark.parametrize("bad", [{"client_id": ""}, {"client_id": "é"}, {"seq": 0}, {"seq": "1"}])
def test_an_event_without_an_id_is_refused(project, bad):
    receipt = record_events(project, "ann", [{**event(1, 0), **bad}])
    assert receipt.acked == () and len(receipt.refused) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"shown": "<script>"},
        {"shown": {"confidence": 10**400, "teacher": "\ud800\0\u202e", "extra": "x" * 10**6}},
        {"elapsed_ms": -5},
        {"elapsed_ms": float("inf")},
        {"at": "yesterday"},
        {"at": "\ud800"},
    ],
)
def test_odd_side_information_is_left_out_and_the_answer_kept(project, odd):
    assert record_events(project, "ann", [{**event(1, 0), **odd}]).acked == ("c1:1",)
    [row] = stored(project).itertuples()
    assert row.class_no == 0 and len(row.shown) < 500


def test_a_retired_class_is_refused_but_what_was_stored_before_is_acknowledged(project):
    record_events(project, "ann", [event(1, 0, class_no=2)])
    with project.store.write() as connection:
        record_schema(connection, retired(project.schema, "owl"), "test")
    receipt = record_events(project, "ann", [event(1, 0, class_no=2), event(2, 1, class_no=2)])
    assert receipt.acked == ("c1:1",)
    assert "retired" in receipt.refused["c1:2"]


def test_a_page_drawn_before_a_merge_gives_the_heir_and_one_before_a_split_is_refused(project):
    schema = split(merged(project.schema, ["cat", "dog"], "pet"), "owl", ["barn owl", "eagle owl"])
    with project.store.write() as connection:
        record_schema(connection, schema, "test")
    receipt = record_events(project, "ann", [event(1, 0, class_no=1), event(2, 1, class_no=2)])
    assert receipt.acked == ("c1:1",)
    assert stored(project)["class_no"].tolist() == [3]
    assert "split" in receipt.refused["c1:2"]


def test_nobody_undoes_what_another_did(project):
    record_events(project, "ann", [event(1, 0)])
    undo = {**event(1, 0, "undo", None, undoes="c1:1"), "client_id": "c2"}
    assert "own act" in record_events(project, "bob", [undo]).refused["c2:1"]


def test_an_answer_to_a_spot_check_is_asked_blind_and_held_back(project):
    with project.store.write() as connection:
        ask_first(connection, [3, 0], "spot check")
        ask_first(connection, [1], "audit")
    queue = open_queue(project, QueueRequest("margin"))
    assert queue.item_nos.tolist() == [1, 3, 2, 0]  # the audit first, one of five a spot check
    assert [card.blind for card in page(project, queue, 0, 4)] == [True, True, False, True]
    record_events(project, "ann", [event(n + 1, n, "relabel") for n in range(4)])
    roles = [(row.purpose, row.role) for row in stored(project).itertuples()]
    assert roles == [
        ("review", "held_back"),
        ("audit", "held_back"),
        ("review", "train"),
        ("review", "held_back"),
    ]


def test_one_of_five_answers_is_to_the_spot_check_however_often_the_queue_is_opened(tmp_path):
    project = text_project(tmp_path / "p", [f"text {number}" for number in range(30)])
    with project.store.write() as connection:
        ask_first(connection, range(10), "spot check")
    asked = []
    for number in range(15):
        asked.append(int(open_queue(project, QueueRequest("random")).item_nos[0]))
        record_events(project, "ann", [event(number + 1, asked[-1], "relabel")])
    assert [place for place, item_no in enumerate(asked) if item_no < 10] == [0, 5, 10]


def test_the_cards_of_an_unknown_item_are_a_key_error(project):
    with pytest.raises(KeyError):
        read_cards(project, open_queue(project), [99])


def test_a_picture_that_changed_since_it_was_added_is_not_shown(tmp_path):
    project = image_project(tmp_path / "p", [Image.new("RGB", (8, 8), "red")] * 2)
    assert read_picture(project, 0).media_type == "image/png"
    (tmp_path / "p-pictures" / "1.png").write_bytes((tmp_path / "p" / "annotate.toml").read_bytes())
    with pytest.raises(SourceError, match="changed"):
        read_picture(project, 1)


def test_a_picture_whose_file_became_a_link_is_not_shown(tmp_path):
    project = image_project(tmp_path / "p", [Image.new("RGB", (8, 8), "red")])
    path = tmp_path / "p-pictures" / "0.png"
    path.rename(tmp_path / "elsewhere.png")
    path.symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(SourceError, match="cannot be shown"):
        read_picture(project, 0)


def test_a_picture_that_arrived_as_bytes_is_read_from_the_project(tmp_path):
    project = image_project(tmp_path / "p", [Image.new("RGB", (8, 8), "red")])
    data = (tmp_path / "p-pictures" / "0.png").read_bytes()
    media = project.paths.media(hashlib.sha256(data).hexdigest())
    media.parent.mkdir(parents=True)
    media.write_bytes(data)
    with project.store.write() as connection:
        connection.exec_driver_sql("UPDATE items SET path = NULL")
    assert read_picture(project, 0).media_type == "image/png"
