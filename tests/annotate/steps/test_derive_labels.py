from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotAllowedError, SchemaError
from annotate.steps.change_schema import retire_class
from annotate.steps.derive_labels import derive_labels
from annotate.steps.labels import DERIVED, HUMAN, read_current_labels
from annotate.steps.people import set_person
from annotate.steps.undo_group import undo_group
from annotate.store.decisions import Decision, append_decisions, broken_links, count_decisions
from annotate.store.gold import insert_gold
from annotate.store.items import drop_items
from annotate.store.queue_front import ask_first
from tests.app.review_projects import text_project


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "p", [f"text {number}" for number in range(8)])
    yield workspace
    workspace.close()


def derive(project, item_nos, class_no=1, act_id="act1"):
    numbers = np.asarray(item_nos)
    return derive_labels(
        project, "ann", numbers, np.full(len(numbers), class_no), {"why": "alike"}, act_id
    )


def decide(project, item_no, class_no, kind="relabel"):
    event = Decision(f"own:{item_no}", item_no, "bob", kind, 1, class_no=class_no)
    append_decisions(project.store, [event])


def labels(project):
    return read_current_labels(project)


def n_events(project):
    with project.store.read() as connection:
        assert broken_links(connection) == []
        return count_decisions(connection)


def test_each_item_of_the_group_gets_a_derived_label(project):
    assert derive(project, [2, 5]) == 2
    now = labels(project)
    assert np.flatnonzero(now.sources == DERIVED).tolist() == [2, 5]
    assert now.labels[[2, 5]].tolist() == [1, 1]


def test_what_needs_no_label_or_measures_is_left_out(project):
    decide(project, 0, 2)
    decide(project, 1, None, "skip")
    with project.store.write() as connection:
        drop_items(connection, [2])
        row = {"item_no": 3, "class_no": 2, "schema_version": 1, "role": "held_back", "origin": "x"}
        insert_gold(connection, [{**row, "recorded_at_utc": "2026-01-01"}])
        ask_first(connection, [4], "spot check")
    assert derive(project, range(8)) == 3
    assert np.flatnonzero(labels(project).sources == DERIVED).tolist() == [5, 6, 7]


def test_the_same_act_sent_again_stores_nothing(project):
    derive(project, [2, 5])
    before = n_events(project)
    assert derive(project, [2, 5]) == 0
    assert n_events(project) == before


def test_whoever_decides_an_item_overrules_its_derived_label(project):
    derive(project, [2, 5])
    decide(project, 5, 0)
    now = labels(project)
    assert (now.labels[5], now.sources[5]) == (0, HUMAN)


def test_one_undo_takes_back_the_whole_act_and_nothing_else(project):
    derive(project, [2, 5], act_id="act1")
    derive(project, [6], act_id="act12")
    decide(project, 5, 0)
    assert undo_group(project, "ann", "act1") == 2
    now = labels(project)
    assert np.flatnonzero(now.sources == DERIVED).tolist() == [6]
    assert now.labels[5] == 0
    before = n_events(project)
    assert undo_group(project, "ann", "act1") == 0
    assert n_events(project) == before


def test_only_who_did_it_or_an_owner_takes_an_act_back(project):
    set_person(project, "olga", "owner")
    derive(project, [2, 5])
    with pytest.raises(NotAllowedError, match="take back"):
        undo_group(project, "bob", "act1")
    assert (labels(project).sources[[2, 5]] == DERIVED).all()
    assert undo_group(project, "olga", "act1") == 2


def test_after_an_undo_the_act_can_be_done_anew(project):
    derive(project, [2], act_id="act1")
    undo_group(project, "ann", "act1")
    assert derive(project, [2], act_id="act2") == 1
    assert labels(project).sources[2] == DERIVED


def test_a_retired_class_is_refused(project):
    retire_class(project, "dog")
    with pytest.raises(SchemaError, match="'dog' was retired"):
        derive(project, [2])


def test_an_act_id_that_could_stand_for_others_is_refused(project):
    with pytest.raises(ValueError, match="act_id"):
        derive(project, [2], act_id="act:1")
