from __future__ import annotations

import numpy as np
import pytest

from annotate.quality.share import Share
from annotate.steps.accept_group import accept_group, preview_group
from annotate.steps.compare_teachers import TeacherGroup, compare_teachers, read_disagreements
from annotate.steps.labels import DERIVED, read_current_labels
from annotate.steps.snapshot import read_snapshot
from annotate.steps.undo_group import undo_group
from annotate.store.decisions import Decision, append_decisions, decoded, read_decisions
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_as_given, text_project

CAT, DOG = 0, 1
SAYS_CAT = [0.9, 0.1, 0.0]
SAYS_DOG = [0.2, 0.8, 0.0]
UNSURE_CAT = [0.6, 0.4, 0.0]


@pytest.fixture
def project(tmp_path):
    """On items 0 to 5 the first teacher says cat and the second dog; on 6 and 7 both say cat."""
    workspace = text_project(tmp_path / "p", [f"text {number}" for number in range(8)])
    first = np.array([SAYS_CAT] * 5 + [UNSURE_CAT] + [SAYS_CAT] * 2)
    second = np.array([SAYS_DOG] * 6 + [SAYS_CAT] * 2)
    workspace.ids = [
        predict_as_given(workspace, first, "first"),
        predict_as_given(workspace, second, "second"),
    ]
    yield workspace
    workspace.close()


def group(project):
    return TeacherGroup(project.ids[0], CAT, project.ids[1], DOG)


def answer(project, item_no, class_no, role="train"):
    event = Decision(f"own:{item_no}", item_no, "bob", "relabel", 1, class_no=class_no, role=role)
    append_decisions(project.store, [event])


def derived(project):
    return np.flatnonzero(read_current_labels(project).sources == DERIVED).tolist()


def test_teachers_are_judged_by_what_people_answered(project):
    answer(project, 0, CAT)
    answer(project, 1, DOG)
    answer(project, 6, CAT, role="held_back")
    board = compare_teachers(project, read_snapshot(project))
    assert [teacher.name for teacher in board.teachers] == ["second", "first"]
    assert [t.score.seen for t in board.teachers] == [Share(1, 2), Share(1, 2)]
    assert [t.score.blind for t in board.teachers] == [Share(1, 1), Share(1, 1)]
    pair = board.pairs[0, 1]
    assert (pair.n_both, pair.n_same, pair.n_judged) == (8, 2, 2)
    assert (pair.n_first_right, pair.n_second_right) == (1, 1)


def test_a_group_says_how_many_items_wait_and_who_was_right(project):
    answer(project, 0, CAT)
    [found] = read_disagreements(project, read_snapshot(project), *project.ids)
    assert (found.first_class, found.second_class) == (CAT, DOG)
    assert (found.n_items, found.n_open, found.n_judged, found.n_first_right) == (6, 5, 1, 1)


def test_the_preview_counts_what_the_act_then_does(project):
    answer(project, 0, CAT)
    answer(project, 1, DOG)
    with project.store.write() as connection:
        ask_first(connection, [2], "spot check")
    snapshot = read_snapshot(project)
    preview = preview_group(project, snapshot, group(project), "first")
    assert preview.item_nos == (5, 3, 4)  # least sure first
    assert preview.wrong == Share(1, 2)
    assert accept_group(project, snapshot, "ann", group(project), "first", "act1") == 3
    assert derived(project) == [3, 4, 5]
    assert read_current_labels(project).labels[[3, 4, 5]].tolist() == [CAT] * 3


def test_the_other_teacher_can_be_accepted_too(project):
    accept_group(project, read_snapshot(project), "ann", group(project), "second", "act1")
    assert read_current_labels(project).labels.tolist() == [DOG] * 6 + [-1, -1]


def test_each_derived_label_says_where_it_comes_from(project):
    answer(project, 0, CAT)
    answer(project, 1, DOG)
    accept_group(project, read_snapshot(project), "ann", group(project), "first", "act1")
    with project.store.read() as connection:
        payload = decoded(read_decisions(connection)["payload"].iloc[-1])
    assert payload == {
        "group": "act1",
        "why": "accepted 'cat' where the other teacher says 'dog'",
        "prediction_id": project.ids[0],
        "other_prediction_id": project.ids[1],
        "expected_error": 0.5,
    }


def test_one_undo_takes_the_group_back(project):
    accept_group(project, read_snapshot(project), "ann", group(project), "first", "act1")
    answer(project, 3, DOG)
    assert undo_group(project, "ann", "act1") == 6
    assert derived(project) == []
    assert read_current_labels(project).labels[3] == DOG
