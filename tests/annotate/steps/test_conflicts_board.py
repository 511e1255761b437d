from __future__ import annotations

import numpy as np
import pytest

from annotate.steps.adjudicate import adjudicate, withdraw_ruling
from annotate.steps.conflicts_board import SNIPPET_LENGTH, read_conflicts_board
from annotate.steps.people import set_person
from annotate.steps.snapshot import read_snapshot
from annotate.store.decisions import Decision, append_decisions
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_as_given, text_project

HOSTILE = "\u202e\x1b[31mcat"


@pytest.fixture
def project(tmp_path):
    """Ann and Bob agree on items 2 to 5 and differ on 1."""
    workspace = text_project(tmp_path / "p", [HOSTILE * 100] * 6, ["cat\u202e", "dog", "owl"])
    set_person(workspace, "ann", "owner")
    events = [
        Decision(f"{who}{number}", number, who, "relabel", 1, class_no=0)
        for who in ("ann", "bob")
        for number in range(2, 6)
    ]
    events.append(Decision("ann1", 1, "ann", "relabel", 1, class_no=0))
    events.append(Decision("bob1", 1, "bob", "relabel", 1, class_no=1))
    append_decisions(workspace.store, events)
    yield workspace
    workspace.close()


def board(project):
    return read_conflicts_board(project, read_snapshot(project))


def test_a_conflict_shows_who_said_what_and_what_is_predicted(project):
    predict_as_given(project, np.array([[0.1, 0.2, 0.7]] * 6))
    [row] = board(project).conflicts
    assert (row.item_no, row.guess) == (1, 2)
    assert row.guess_confidence == pytest.approx(0.7, abs=1e-3)
    assert row.answers == {"ann": "cat\\u202e", "bob": "dog"}


def test_an_owner_rules_on_an_answer_that_measures_without_a_guess(project):
    predict_as_given(project, np.array([[0.1, 0.2, 0.7]] * 6))
    with project.store.write() as connection:
        ask_first(connection, [1], "audit")
    [row] = board(project).conflicts
    assert (row.guess, row.guess_confidence) == (None, None)


def test_without_a_prediction_nothing_is_guessed(project):
    [row] = board(project).conflicts
    assert (row.guess, row.guess_confidence) == (None, None)


def test_texts_are_short_and_cannot_act_on_a_screen(project):
    [row] = board(project).conflicts
    assert row.snippet.startswith("\\u202e\\x1b[31mcat") and "\u202e" not in row.snippet
    assert row.snippet.count("cat") == SNIPPET_LENGTH // len(HOSTILE)


def test_a_ruling_takes_an_item_off_the_list(project):
    adjudicate(project, "ann", 1, 2, "r1")
    now = board(project)
    assert now.conflicts == ()
    [ruling] = now.rulings
    assert (ruling.event_id, ruling.item_no, ruling.owner, ruling.class_no) == ("r1", 1, "ann", 2)


def test_rulings_that_stand_are_listed_the_newest_first(project):
    for number, event_id in ((1, "r1"), (3, "r2"), (2, "r3"), (1, "r4")):
        adjudicate(project, "ann", number, 2, event_id)
    withdraw_ruling(project, "ann", 3, "r2")
    assert [ruling.event_id for ruling in board(project).rulings] == ["r4", "r3"]
    withdraw_ruling(project, "ann", 1, "r4")
    assert [ruling.event_id for ruling in board(project).rulings] == ["r3", "r1"]
    assert all(ruling.item_id == f"t{ruling.item_no}" for ruling in board(project).rulings)
