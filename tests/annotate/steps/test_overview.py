from __future__ import annotations

import numpy as np
import pytest

from annotate.quality.share import Share
from annotate.steps.overview import read_overview
from annotate.steps.snapshot import read_snapshot
from annotate.store.decisions import Decision, append_decisions
from annotate.store.gold import insert_gold
from annotate.store.items import drop_items
from tests.app.review_projects import predict_as_given, text_project

# Item k is predicted as class k mod 3.
PROBA = np.tile(np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]), (4, 1))


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "p", [f"text {number}" for number in range(12)])
    predict_as_given(workspace, PROBA)
    yield workspace
    workspace.close()


def at(second):
    return f"2026-01-01T10:00:{second:02d}+00:00"


def act(number, item_no, kind="relabel", class_no=0, reviewer="ann", second=0, **rest):
    event = Decision(
        f"e{number}", item_no, reviewer, kind, 1, class_no=class_no, decided_at_utc=at(second),
        **rest,
    )  # fmt: skip
    return event


def overview(project, *events):
    append_decisions(project.store, events)
    return read_overview(project, read_snapshot(project))


def test_done_and_left_count_every_item_that_is_not_dropped(project):
    with project.store.write() as connection:
        drop_items(connection, [11])
    seen = overview(project, act(1, 0), act(2, 1, "skip", None))
    assert (seen.n_items, seen.n_done, seen.n_left) == (11, 2, 9)
    assert (seen.n_labelled, seen.coverage) == (1, 1 / 11)


def test_answers_an_hour_leave_out_imports_and_simulations(project):
    seen = overview(
        project,
        act(1, 0, second=0), act(2, 1, second=10), act(3, 2, second=20),
        act(4, 3, reviewer="sim", second=1, purpose="simulated"),
        act(5, 4, reviewer="sim", second=2, purpose="simulated"),
        Decision("import:1", 5, "import", "relabel", 1, class_no=0, decided_at_utc=at(1)),
        Decision("import:2", 6, "import", "relabel", 1, class_no=0, decided_at_utc=at(2)),
    )  # fmt: skip
    assert seen.pace.per_hour == 360
    by_name = {row.name: row for row in seen.reviewers}
    assert by_name["import"].pace is None and by_name["sim"].pace is None


def test_each_reviewer_is_counted_without_what_was_undone(project):
    seen = overview(
        project,
        act(1, 0), act(2, 1, "reject", 1), act(3, 2, "skip", None), act(4, 3),
        act(5, 3, "undo", None, undoes="e4"), act(6, 4, "derive", 1), act(7, 0, reviewer="bob"),
    )  # fmt: skip
    ann, bob = seen.reviewers
    counts = (ann.n_labels, ann.n_rejections, ann.n_skips, ann.n_derived)
    assert (ann.name, counts) == ("ann", (1, 1, 1, 1))
    assert (bob.name, bob.n_labels) == ("bob", 1)


def test_only_answers_that_measure_tell_how_right_predictions_are(project):
    with project.store.write() as connection:
        row = {"schema_version": 1, "origin": "x", "recorded_at_utc": "2026-01-01"}
        gold = [
            {**row, "item_no": 0, "class_no": 0, "role": "held_back"},
            {**row, "item_no": 1, "class_no": 0, "role": "held_back"},
            {**row, "item_no": 2, "class_no": 0, "role": "train"},
        ]
        insert_gold(connection, gold)
    seen = overview(
        project,
        act(1, 3, class_no=0), act(2, 4, class_no=0),
        act(3, 6, class_no=0, role="held_back"),
        act(4, 9, class_no=0, role="held_back", purpose="audit"),
        act(5, 10, class_no=0, role="held_back", purpose="audit"),
    )  # fmt: skip
    assert {row.judged_by: row.predicted for row in seen.accuracy} == {
        "all of them": Share(3, 5),
        "held-back gold": Share(1, 2),
        "spot check": Share(1, 1),
        "audit": Share(1, 2),
    }
    assert seen.measured == Share(3, 5)


def test_without_answers_that_measure_no_forecast_is_made(project):
    seen = overview(project, act(1, 0))
    assert seen.accuracy == () and seen.forecast(0.95) is None


def test_an_empty_project_has_an_overview(tmp_path):
    workspace = text_project(tmp_path / "empty", [])
    seen = read_overview(workspace, read_snapshot(workspace))
    assert (seen.n_items, seen.n_left, seen.coverage, seen.reviewers) == (0, 0, 0.0, ())
    assert seen.next_step.startswith("annotate add")
    workspace.close()
