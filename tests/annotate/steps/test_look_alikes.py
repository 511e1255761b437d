"""Spreading a correction: from the look-alikes that are shown to the labels that stand."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.steps.labels import DERIVED, HUMAN, read_current_labels
from annotate.steps.look_alikes import find_look_alikes
from annotate.steps.record_events import record_events
from annotate.steps.review import open_queue
from annotate.store.decisions import read_decisions
from annotate.store.queue_front import ask_first
from tests.app.review_projects import add_features, predict_at_random, text_project

N_ITEMS = 60


@pytest.fixture
def project(tmp_path):
    """Items on a quarter circle: item k is the more like item 0 the smaller k is."""
    workspace = text_project(tmp_path / "p", [f"text {n}" for n in range(N_ITEMS)])
    angle = np.linspace(0, np.pi / 2, N_ITEMS)
    add_features(workspace, np.stack([np.cos(angle), np.sin(angle)], axis=1))
    predict_at_random(workspace)
    yield workspace
    workspace.close()


def act(seq, item_no, kind="relabel", class_no=1, **rest):
    return {
        "client_id": "c1",
        "seq": seq,
        "item_no": item_no,
        "kind": kind,
        "class_no": class_no,
        **rest,
    }


def look(project, class_no=None):
    return find_look_alikes(project, open_queue(project), 0, class_no)


def labels(project):
    return read_current_labels(project)


def test_the_nearest_come_first_with_the_labels_they_have(project):
    record_events(project, "ann", [act(1, 2, class_no=2)])
    found = look(project)
    assert [card.item_no for card in found.cards] == list(range(1, 25))
    assert found.cosines == tuple(sorted(found.cosines, reverse=True))
    assert [(c.item_no, c.standing.class_no) for c in found.cards if c.standing] == [(2, 2)]
    assert found.offers == ()


def test_an_offer_counts_what_people_decided_nearby_and_leaves_it_out(project):
    record_events(project, "ann", [act(1, 2, class_no=1), act(2, 4, class_no=0), act(3, 50)])
    found = look(project, class_no=1)
    assert found.candidates[:4] == (1, 3, 5, 6)
    first = found.offers[0]
    assert (first.n_items, first.n_decided, first.n_wrong) == (5, 2, 1)


def test_what_is_asked_blind_gets_no_label_from_others_and_shows_none(project):
    with project.store.write() as connection:
        ask_first(connection, [1], "audit")
    record_events(project, "bob", [act(1, 1)])
    found = look(project, class_no=1)
    assert 1 not in found.candidates
    assert found.offers[0].n_decided == 0
    assert next(card for card in found.cards if card.item_no == 1).standing is None


@pytest.mark.parametrize("reason", ["audit", "spot check"])
def test_an_answer_that_measures_is_not_spread(project, reason):
    with project.store.write() as connection:
        ask_first(connection, [0], reason)
    record_events(project, "ann", [act(1, 2)])
    receipt = record_events(project, "ann", [act(2, 0), act(3, 0, "spread", items=[1, 2])])
    assert receipt.acked == ("c1:2",)
    assert "measures" in receipt.refused["c1:3"]
    assert labels(project).labels[1] == -1
    found = look(project, class_no=1)
    assert (found.candidates, found.offers) == ((), ())
    assert all(card.standing is None and card.guesses == () for card in found.cards)


def test_a_spread_is_stored_once_and_taken_back_in_one_act(project):
    correction, spread = act(1, 0), act(2, 0, "spread", items=[1, 2, 3], expected_error=0.1)
    for _ in range(2):
        assert len(record_events(project, "ann", [correction, spread]).acked) == 2
    current = labels(project)
    assert current.labels[:5].tolist() == [1, 1, 1, 1, -1]
    assert current.sources[:4].tolist() == [HUMAN, DERIVED, DERIVED, DERIVED]
    with project.store.read() as connection:
        log = read_decisions(connection)
    assert len(log) == 4
    assert '"of_item":0' in log["payload"].iloc[-1] and '"group":"c1x2"' in log["payload"].iloc[-1]
    undo = act(3, 0, "unspread", None, undoes="c1:2")
    for _ in range(2):
        assert record_events(project, "ann", [undo]).acked == ("c1:3",)
    assert labels(project).labels[:4].tolist() == [1, -1, -1, -1]


def test_who_answers_a_spread_item_overrules_it_and_undoing_the_spread_leaves_the_answer(project):
    record_events(project, "ann", [act(1, 0), act(2, 0, "spread", items=[1, 2])])
    answer = {**act(1, 1, class_no=2), "client_id": "c2"}
    record_events(project, "bob", [answer])
    assert labels(project).labels[:3].tolist() == [1, 2, 1]
    record_events(project, "ann", [act(3, 0, "unspread", None, undoes="c1:2")])
    assert labels(project).labels[:3].tolist() == [1, 2, -1]


def test_nobody_undoes_anothers_spread(project):
    record_events(project, "ann", [act(1, 0, "spread", items=[1])])
    refused = record_events(
        project, "bob", [{**act(1, 0, "unspread", None, undoes="c1:1"), "client_id": "c2"}]
    ).refused
    assert "your own" in refused["c2:1"]
    assert labels(project).labels[1] == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"items": []},
        {"items": [999]},
        {"items": "all"},
        {"items": [[1]]},
        {"items": [{}]},
        {"class_no": 9},
        {"item_no": -1},
        {"kind": "unspread"},
        {"kind": "unspread", "undoes": ["c1:1"]},
        {"kind": "unspread", "undoes": "\ud800"},
    ],
)
def test_a_malformed_spread_is_refused_and_holds_up_no_other(project, bad):
    receipt = record_events(project, "ann", [{**act(1, 0, "spread", items=[1]), **bad}, act(2, 3)])
    assert receipt.acked == ("c1:2",)
    assert "c1:1" in receipt.refused


_NO_SHARES = [float("nan"), float("inf"), pytest.param(10**400, id="huge"), -0.1, "0.1", [0.1]]


@pytest.mark.parametrize("odd", _NO_SHARES)
def test_an_expected_error_that_is_no_share_is_left_out_and_the_labels_kept(project, odd):
    spread = act(1, 0, "spread", items=[1], expected_error=odd)
    receipt = record_events(project, "ann", [spread, act(2, 3)])
    assert sorted(receipt.acked) == ["c1:1", "c1:2"]
    with project.store.read() as connection:
        [payload] = read_decisions(connection).query("kind == 'derive'")["payload"]
    assert '"expected_error":null' in payload


def test_without_features_it_says_which_step_makes_them(tmp_path):
    project = text_project(tmp_path / "bare", ["one", "two"])
    with pytest.raises(NotReadyError, match="annotate embed"):
        look(project)
