from __future__ import annotations

import pytest

from annotate.steps.change_schema import rename_class, retire_class
from annotate.steps.snapshot import current_summary, project_marks, read_snapshot, summary_of
from annotate.store.decisions import Decision, append_decisions
from annotate.store.gold import assign_roles, insert_gold, replace_gold
from annotate.store.items import drop_items
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_at_random, text_project


def gold_of(item_no, class_no=0, role="train", recorded_at_utc="2026-01-01"):
    return {
        "item_no": item_no, "class_no": class_no, "schema_version": 1, "role": role, "origin": "x",
        "recorded_at_utc": recorded_at_utc,
    }  # fmt: skip


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "p", ["one", "two", "three"])
    with workspace.store.write() as connection:
        insert_gold(connection, [gold_of(0, role="unassigned")])
    yield workspace
    workspace.close()


def decide(project):
    append_decisions(project.store, [Decision("e1", 0, "ann", "accept", 1, class_no=0)])


def add_gold(project):
    with project.store.write() as connection:
        insert_gold(connection, [gold_of(1)])


def replace_it(project):
    with project.store.write() as connection:
        # The clock may have been put back since.
        replace_gold(connection, [gold_of(0, class_no=1, recorded_at_utc="2025-01-01")])


def give_role(project):
    with project.store.write() as connection:
        assign_roles(connection, {0: "held_back"})


def drop(project):
    with project.store.write() as connection:
        drop_items(connection, [2])


def ask(project):
    with project.store.write() as connection:
        ask_first(connection, [1], "spot check")


def rename(project):
    rename_class(project, "cat", "tom")


@pytest.mark.parametrize(
    "change", [decide, add_gold, replace_it, give_role, drop, ask, rename, predict_at_random]
)
def test_whatever_changes_labels_changes_the_marks(project, change):
    before = project_marks(project)
    assert project_marks(project) == before
    change(project)
    assert project_marks(project) != before


def test_dropping_again_changes_them_again(project):
    drop(project)
    before = project_marks(project)
    drop(project)
    assert project_marks(project) != before


def test_a_prediction_is_summarised_once_while_classes_and_items_stay(project):
    number = predict_at_random(project)
    first = read_snapshot(project)
    summary = current_summary(project, first)
    decide(project)
    second = read_snapshot(project, first)
    assert summary_of(project, second, number) is summary
    retire_class(project, "cat")
    third = read_snapshot(project, second)
    assert summary_of(project, third, number) is not summary


def test_without_a_prediction_nothing_is_predicted(project):
    assert not current_summary(project, read_snapshot(project)).answered.any()
