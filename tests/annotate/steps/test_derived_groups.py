from __future__ import annotations

import numpy as np
import pytest

from annotate.steps import derived_groups
from annotate.steps.derive_labels import derive_labels
from annotate.steps.derived_groups import list_derived_groups
from annotate.steps.record_events import record_events
from annotate.steps.snapshot import read_snapshot
from annotate.steps.undo_group import undo_group
from annotate.store.decisions import Decision, append_decisions
from tests.app.review_projects import text_project

CAT, DOG = 0, 1


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "p", [f"text {number}" for number in range(8)])
    yield workspace
    workspace.close()


def derive(project, act_id, item_nos, class_nos, **payload):
    derive_labels(project, "ann", np.array(item_nos), np.array(class_nos), payload, act_id)


def listed(project):
    return list_derived_groups(project, read_snapshot(project))


def test_each_act_says_who_did_it_why_and_how_much_of_it_counts(project):
    derive(project, "act1", [0, 1, 2], [CAT] * 3, why="they\u202e look alike", expected_error=0.25)
    answer = Decision("own", 1, "bob", "relabel", 1, class_no=DOG)
    append_decisions(project.store, [answer])
    [group] = listed(project)
    assert (group.act_id, group.reviewer, group.class_no) == ("act1", "ann", CAT)
    assert (group.n_standing, group.expected_error) == (2, 0.25)
    assert group.why == "they\\u202e look alike"


def test_acts_are_listed_the_newest_first_and_no_more_once_taken_back(project, monkeypatch):
    derive(project, "act1", [0, 1], [CAT, DOG])
    derive(project, "act2", [2, 3], [DOG, DOG])
    spread = {"client_id": "c1", "seq": 1, "item_no": 7, "kind": "spread", "class_no": 0}
    record_events(project, "bob", [{**spread, "items": [4, 5]}])
    assert [(g.act_id, g.class_no) for g in listed(project)] == [
        ("c1x1", CAT),
        ("act2", DOG),
        ("act1", None),
    ]
    undo_group(project, "ann", "act2")
    assert [group.act_id for group in listed(project)] == ["c1x1", "act1"]
    monkeypatch.setattr(derived_groups, "MOST_GROUPS", 1)
    assert [group.act_id for group in listed(project)] == ["c1x1"]


def test_labels_derived_in_label_studio_are_no_act_of_this_project(project):
    event = Decision("labelstudio:key:1:state:sha", 0, "ann", "derive", 1, class_no=CAT)
    append_decisions(project.store, [event])
    assert listed(project) == ()
