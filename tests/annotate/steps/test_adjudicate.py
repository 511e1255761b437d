from __future__ import annotations

import pytest

from annotate.errors import NotAllowedError, SchemaError
from annotate.protocols import NO_LABEL
from annotate.steps.adjudicate import adjudicate, withdraw_ruling
from annotate.steps.change_schema import retire_class
from annotate.steps.given_labels import read_given_labels
from annotate.steps.people import set_person
from annotate.store.decisions import Decision, append_decisions, count_decisions
from annotate.store.queue_front import ask_first
from tests.app.review_projects import text_project


@pytest.fixture
def project(tmp_path):
    """Ann and Bob differ on item 0; Ann owns the project."""
    workspace = text_project(tmp_path / "p", ["zero", "one"])
    set_person(workspace, "ann", "owner")
    set_person(workspace, "bob", "reviewer")
    append_decisions(
        workspace.store,
        [
            Decision("a", 0, "ann", "relabel", 1, class_no=0),
            Decision("b", 0, "bob", "relabel", 1, class_no=1),
        ],
    )
    yield workspace
    workspace.close()


def test_a_ruling_ends_a_conflict(project):
    assert read_given_labels(project).human.conflict[0]
    adjudicate(project, "ann", 0, 2, "r1")
    human = read_given_labels(project).human
    assert (human.conflict[0], human.labels[0]) == (False, 2)


@pytest.mark.parametrize(("reason", "measuring"), [("audit", NO_LABEL), ("spot check", 2)])
def test_a_ruling_on_an_item_that_measures_never_trains(project, reason, measuring):
    with project.store.write() as connection:
        ask_first(connection, [0], reason)
    adjudicate(project, "ann", 0, 2, "r1")
    given = read_given_labels(project)
    assert (given.current[0], given.training[0], given.measuring[0]) == (2, NO_LABEL, measuring)


def test_the_same_ruling_sent_again_is_stored_once(project):
    adjudicate(project, "ann", 0, 2, "r1")
    adjudicate(project, "ann", 0, 2, "r1")
    with project.store.read() as connection:
        assert count_decisions(connection) == 3


def test_a_reviewer_may_not_rule(project):
    with pytest.raises(NotAllowedError, match="Only an owner may rule"):
        adjudicate(project, "bob", 0, 2, "r1")
    assert read_given_labels(project).human.conflict[0]


def test_a_retired_class_is_no_ruling(project):
    retire_class(project, "owl")
    with pytest.raises(SchemaError, match="in force"):
        adjudicate(project, "ann", 0, 2, "r1")


def test_a_ruling_can_be_taken_back_by_an_owner(project):
    adjudicate(project, "ann", 0, 2, "r1")
    with pytest.raises(NotAllowedError):
        withdraw_ruling(project, "bob", 0, "r1")
    withdraw_ruling(project, "ann", 0, "r1")
    assert read_given_labels(project).human.conflict[0]


@pytest.mark.parametrize(
    ("item_no", "event_id"), [(0, "b"), (1, "r1"), (0, "never"), (0, "undo:r1")]
)
def test_nothing_but_a_ruling_on_that_item_is_taken_back(project, item_no, event_id):
    adjudicate(project, "ann", 0, 2, "r1")
    with pytest.raises(NotAllowedError, match="ruling on item"):
        withdraw_ruling(project, "ann", item_no, event_id)
    with project.store.read() as connection:
        assert count_decisions(connection) == 3
