from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from annotate.errors import LabelStudioError, NotReadyError, ProjectBusyError
from annotate.steps.given_labels import read_given_labels
from annotate.steps.labelstudio.link import current_link, exchanging
from annotate.steps.labelstudio.pull import pull
from annotate.steps.labelstudio.push import push
from annotate.store.database import Store
from annotate.store.decisions import broken_links, read_decisions
from annotate.store.queue_front import ask_first
from annotate.store.schema_versions import merged, record_schema, renamed, retired, split
from annotate.store.tables import label_studio_annotations
from tests.annotate.bridges.label_studio.fake_server import FakeLabelStudio, Killed, choices
from tests.annotate.steps.conftest import open_copy
from tests.annotate.steps.labelstudio.conftest import N_ITEMS, proba_favouring
from tests.annotate.steps.labelstudio.dying_writes import DyingWrites
from tests.app.review_projects import predict_as_given

CAT, DOG, OWL = range(3)
BOX = [{"from_name": "box", "to_name": "item", "type": "rectanglelabels", "value": {"x": 1}}]


@pytest.fixture
def pushed(project, server):
    push(project, server.client(), order="margin")  # task k + 1 is item k
    return project


def run(project, server):
    return pull(project, server.client())


def events(project):
    with project.store.read() as connection:
        assert broken_links(connection) == []
        return read_decisions(connection)


def labels(project):
    return read_given_labels(project).human.labels.tolist()


def on_record(project):
    with project.store.read() as connection:
        rows = connection.execute(select(label_studio_annotations)).mappings().all()
    return {row["annotation_id"]: row for row in rows}


def test_answers_become_decisions_of_who_gave_them(pushed, server):
    server.annotate(1, "cat", user=1)
    server.annotate(2, "owl", user=2)
    report = run(pushed, server)
    accepted, relabelled = events(pushed).itertuples()
    assert (report.n_decisions, report.n_tasks_read) == (2, 2)
    assert (accepted.item_no, accepted.kind, accepted.class_no) == (0, "accept", CAT)
    assert (relabelled.item_no, relabelled.kind, relabelled.class_no) == (1, "relabel", OWL)
    assert (accepted.reviewer, relabelled.reviewer) == ("ann@example.org", "bob@example.org")
    assert (accepted.elapsed_s, accepted.purpose, accepted.role) == (2.5, "review", "train")
    assert accepted.decided_at_utc.startswith("2026-01-01T")
    assert labels(pushed)[:2] == [CAT, OWL]


def test_a_decision_says_what_was_shown(pushed, server):
    server.annotate(2, "dog")
    run(pushed, server)
    [row] = events(pushed).itertuples()
    shown = json.loads(row.shown)
    assert shown.pop("prediction_id") and shown == {
        "blind": False, "teacher": "zero_shot", "class_no": DOG,
        "confidence": pytest.approx(0.55, abs=1e-3),
    }  # fmt: skip
    assert json.loads(row.payload) == {"label_studio": {"task": 2, "annotation": 1}}


def test_what_was_shown_is_what_was_there_when_the_answer_was_given(pushed, server):
    server.annotate(1, "cat")
    predict_as_given(pushed, proba_favouring([OWL] * N_ITEMS), teacher="probe")
    push(pushed, server.client())
    server.annotate(2, "owl")
    run(pushed, server)
    assert events(pushed)["kind"].tolist() == ["accept", "accept"]
    teachers = [json.loads(shown)["teacher"] for shown in events(pushed)["shown"]]
    assert teachers == ["zero_shot", "probe"]


def test_a_skip_is_a_skip(pushed, server):
    server.annotate(1)
    report = run(pushed, server)
    [row] = events(pushed).itertuples()
    assert (row.kind, report.n_skips, labels(pushed)[0]) == ("skip", 1, -1)


def test_a_second_pull_changes_nothing_and_says_so(pushed, server):
    for task in range(1, 5):
        server.annotate(task, "cat")
    run(pushed, server)
    before = events(pushed)
    assert not run(pushed, server).changed
    server.pass_time(3600)
    assert not run(pushed, server).changed
    report = run(pushed, server)
    assert (report.changed, report.n_tasks_read) == (False, 0)
    assert events(pushed).equals(before)


def test_only_what_changed_is_read(pushed, server):
    for task in range(1, 5):
        server.annotate(task, "cat")
    server.pass_time(3600)
    run(pushed, server)
    server.annotate(5, "cat")
    assert run(pushed, server).n_tasks_read == 1


def test_a_second_push_after_a_pull_changes_nothing(pushed, server):
    server.annotate(1, "cat")
    run(pushed, server)
    assert not push(pushed, server.client()).changed


def test_a_changed_answer_is_a_later_decision_of_the_same_reviewer(pushed, server):
    number = server.annotate(1, "cat")
    run(pushed, server)
    server.change(number, result=choices("owl"))
    assert run(pushed, server).n_decisions == 1
    assert events(pushed)["kind"].tolist() == ["accept", "relabel"]
    assert labels(pushed)[0] == OWL
    server.change(number, result=choices("cat"))
    run(pushed, server)
    assert (len(events(pushed)), labels(pushed)[0]) == (3, CAT)


def test_an_answer_saved_again_unchanged_is_no_new_decision(pushed, server):
    number = server.annotate(1, "cat")
    run(pushed, server)
    server.change(number, lead_time=99)
    assert not run(pushed, server).changed


def test_an_answer_that_went_over_to_another_person_makes_no_conflict(pushed, server):
    number = server.annotate(1, "cat", user=1)
    run(pushed, server)
    server.change(number, completed_by=2, result=choices("owl"))
    run(pushed, server)
    assert labels(pushed)[0] == OWL
    assert not read_given_labels(pushed).human.conflict.any()


def test_a_deleted_answer_is_undone_wholly_and_remembered(pushed, server):
    number = server.annotate(1, "cat")
    run(pushed, server)
    server.change(number, result=choices("owl"))
    run(pushed, server)
    server.delete_annotation(number)
    report = run(pushed, server)
    assert (report.n_deleted, report.n_undone) == (1, 2)
    assert labels(pushed)[0] == -1
    assert not read_given_labels(pushed).human.decided[0]
    assert on_record(pushed)[number]["deleted_at_utc"] is not None
    assert not run(pushed, server).changed


def test_one_of_two_answers_deleted_leaves_the_other(pushed, server):
    first, _ = server.annotate(1, "cat", user=1), server.annotate(1, "owl", user=2)
    run(pushed, server)
    assert read_given_labels(pushed).human.conflict[0]
    server.delete_annotation(first)
    run(pushed, server)
    assert labels(pushed)[0] == OWL


def test_a_deletion_long_ago_is_noticed_by_counting(pushed, server):
    number = server.annotate(1, "cat")
    run(pushed, server)
    server.tasks[1]["annotations"].clear()  # leaves no trace in the time of the task
    server.pass_time(86_400)
    assert run(pushed, server).n_undone == 1
    assert on_record(pushed)[number]["deleted_at_utc"] is not None


def test_decisions_on_a_deleted_task_stand(pushed, server):
    server.annotate(1, "cat")
    run(pushed, server)
    del server.tasks[1]
    report = run(pushed, server)
    assert (report.n_tasks_deleted, report.n_undone, labels(pushed)[0]) == (1, 0, CAT)
    assert not run(pushed, server).changed
    assert not push(pushed, server.client()).changed


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (BOX, "another control"),
        (choices("cat", "dog"), "several choices"),
        (choices("cat") + BOX, "several regions"),
        (choices("zebra"), "another class"),
        (choices("Cat"), "another class"),
        ([{**choices("cat")[0], "value": {"text": ["\ud800\0"]}}], "no choices"),
    ],
)
def test_what_is_not_one_class_is_kept_raw_and_told(pushed, server, result, reason):
    number = server.annotate(1, result=result)
    report = run(pushed, server)
    assert (report.unknown, report.n_decisions, report.changed) == ({reason: 1}, 0, True)
    assert json.loads(on_record(pushed)[number]["raw"])["result"] == result
    assert not run(pushed, server).changed
    assert run(pushed, server).unknown == {reason: 1}


def test_an_answer_that_turns_into_something_unknown_is_undone_and_may_come_back(pushed, server):
    number = server.annotate(1, "cat")
    run(pushed, server)
    server.change(number, result=BOX)
    run(pushed, server)
    assert labels(pushed)[0] == -1
    server.change(number, result=choices("cat"))
    run(pushed, server)
    assert (labels(pushed)[0], on_record(pushed)[number]["raw"]) == (CAT, None)


def test_an_answer_with_the_old_name_of_a_class_is_understood(pushed, server):
    server.annotate(1, "owl")
    with pushed.store.write() as connection:
        record_schema(connection, renamed(pushed.schema, "owl", "strix"), "test")
    run(pushed, server)
    assert labels(pushed)[0] == OWL


def test_an_answer_with_a_class_that_was_merged_is_one_with_what_it_became(pushed, server):
    server.annotate(3, "owl")  # as was shown
    with pushed.store.write() as connection:
        record_schema(connection, merged(pushed.schema, ["owl"], "cat"), "test")
    run(pushed, server)
    [row] = events(pushed).itertuples()
    assert (row.kind, row.class_no) == ("accept", CAT)


def test_an_answer_with_a_class_that_was_split_is_kept_raw(pushed, server):
    server.annotate(1, "owl")
    with pushed.store.write() as connection:
        record_schema(connection, split(pushed.schema, "owl", ["barn owl", "eagle owl"]), "test")
    assert run(pushed, server).unknown == {"a class that was split": 1}


def test_an_answer_with_a_retired_class_is_kept_raw(pushed, server):
    server.annotate(1, "owl")
    with pushed.store.write() as connection:
        record_schema(connection, retired(pushed.schema, "owl"), "test")
    assert run(pushed, server).unknown == {"a retired class": 1}


@pytest.mark.parametrize(("reason", "purpose"), [("spot check", "review"), ("audit", "audit")])
def test_answers_that_measure_stay_held_back(project, server, reason, purpose):
    with project.store.write() as connection:
        ask_first(connection, [0], reason)
    push(project, server.client(), order="margin")
    number = server.annotate(1, "dog")
    run(project, server)
    [row] = events(project).itertuples()
    assert (row.purpose, row.role, row.kind) == (purpose, "held_back", "relabel")
    assert json.loads(row.shown) == {"blind": True}
    assert read_given_labels(project).training[0] == -1
    server.delete_annotation(number)
    run(project, server)
    assert events(project)["role"].tolist() == ["held_back"] * 2


def test_an_answer_that_measures_but_was_given_with_a_suggestion_is_told(pushed, server):
    with pushed.store.write() as connection:
        ask_first(connection, [0], "audit")
    server.annotate(1, "cat")
    assert run(pushed, server).n_not_blind == 1
    [row] = events(pushed).itertuples()
    assert (row.role, json.loads(row.shown)["blind"]) == ("held_back", False)


def test_an_annotation_made_of_a_prediction_in_bulk_is_a_derived_label(pushed, server):
    number = server.annotate(1, "cat", parent=1, in_bulk=True)
    assert run(pushed, server).n_derived == 1
    given = read_given_labels(pushed)
    assert (given.human.derived[0], given.human.labels[0]) == (CAT, -1)
    server.change(number, updated_by=1)  # somebody opened the task and confirmed it
    assert run(pushed, server).n_decisions == 1
    assert labels(pushed)[0] == CAT
    server.delete_annotation(number)
    run(pushed, server)
    given = read_given_labels(pushed)
    assert (given.human.derived[0], given.human.labels[0]) == (-1, -1)


def test_bulk_measures_nothing(pushed, server):
    with pushed.store.write() as connection:
        ask_first(connection, [0], "audit")
    server.annotate(1, "cat", parent=1, in_bulk=True)
    assert run(pushed, server).unknown == {"made in bulk, but measures": 1}


@pytest.mark.parametrize("odd", [{"id": None}, "x", None])
def test_an_annotation_without_a_number_is_an_error_and_not_dropped(pushed, server, odd):
    server.annotate(1, "cat")
    listed = server._list_tasks
    server._list_tasks = lambda params: (
        200, {"tasks": [{**t, "annotations": [odd]} for t in listed(params)[1]["tasks"]]},
    )  # fmt: skip
    with pytest.raises(LabelStudioError, match="must number"):
        run(pushed, server)


def test_tasks_that_no_push_made_are_left_alone(pushed, server):
    server._import(1, [{"data": {"text": "x"}}, {"data": {"annotate_key": "other:1"}}])
    link_key = current_link(pushed).link_key
    server._import(1, [{"data": {"annotate_key": f"{link_key}:999"}}])
    for task in (7, 8, 9):
        server.annotate(task, "cat")
    report = run(pushed, server)
    assert (report.n_foreign_tasks, report.n_decisions) == (3, 0)
    assert not run(pushed, server).changed


def test_an_answer_elsewhere_hides_no_deletion(pushed, server):
    number = server.annotate(1, "cat")
    run(pushed, server)
    server._import(1, [{"data": {"text": "x"}}, {"data": {"text": "y"}}])
    server.delete_annotation(number)
    server.annotate(7, "cat")
    assert run(pushed, server).n_undone == 1
    assert labels(pushed)[0] == -1
    assert not run(pushed, server).changed


def test_foreign_answers_and_tasks_that_go_are_counted_out_and_told_as_nothing_of_ours(
    pushed, server
):
    number = server.annotate(1, "cat")
    server._import(1, [{"data": {"text": "x"}}, {"data": {"text": "y"}}])
    kept_one, gone_one = server.annotate(7, "cat"), server.annotate(7, "dog")
    server.annotate(8, "owl")
    report = run(pushed, server)
    assert (report.n_kept_raw, report.unknown) == (0, {})
    server.delete_annotation(gone_one)
    del server.tasks[8]
    server.pass_time(86_400)
    report = run(pushed, server)
    assert (report.changed, report.n_deleted, report.n_tasks_deleted) == (False, 0, 0)
    assert {n for n, row in on_record(pushed).items() if row["deleted_at_utc"] is None} == {
        number, kept_one,
    }  # fmt: skip
    server.lines.clear()
    run(pushed, server)
    n_asked = sum(line == "GET /api/tasks" for line in server.lines)
    assert n_asked == 2  # what changed; the count fits, so nothing more


def test_an_unknown_or_renamed_user_loses_no_answer(pushed, server):
    server.annotate(1, "cat", user=77)
    run(pushed, server)
    server.users[1] = "ann.new@example.org"
    server.annotate(2, "cat", user=1)
    run(pushed, server)
    assert events(pushed)["reviewer"].tolist() == ["label-studio-user-77", "ann.new@example.org"]


def test_a_hostile_name_is_stored_as_plain_text(pushed, server):
    server.users[1] = "\u202eevil\x1b[31m\ud800" + "x" * 1000
    server.annotate(1, "cat")
    run(pushed, server)
    [name] = events(pushed)["reviewer"]
    assert name.isprintable() and len(name) <= 100


# Faults


@pytest.mark.parametrize("kind", ["connect", "timeout", "reset", "garbled", 429, 500, 503])
@pytest.mark.parametrize("where", ["GET /api/tasks", "GET /api/projects", "GET /api/users"])
def test_after_a_fault_every_answer_is_there_once(pushed, server, where, kind):
    for task in (1, 2, 3):
        server.annotate(task, "cat")
    server.fail(where, kind, times=2)
    assert run(pushed, server).n_decisions == 3
    assert not run(pushed, server).changed


def test_a_pull_that_fails_in_the_middle_is_made_up_by_the_next(pushed, server, monkeypatch):
    monkeypatch.setattr("annotate.bridges.label_studio.client.FULL_TASKS_AT_ONCE", 2)
    for task in range(1, 6):
        server.annotate(task, "cat")
    server.fail("id%22%2C%22operator%22%3A%22greater%22%2C%22type%22%3A%22Number%22%2C%22value%22%3A2",
                503, times=100)  # fmt: skip
    with pytest.raises(LabelStudioError, match="6 attempts"):
        run(pushed, server)
    assert len(events(pushed)) == 2
    server.faults.clear()
    assert run(pushed, server).n_decisions == 3


def test_a_reply_without_annotations_is_not_taken_for_all_deleted(pushed, server):
    server.annotate(1, "cat")
    run(pushed, server)
    server.tasks[1]["updated_at"] = server.now.isoformat()
    listed = server._list_tasks

    def without(params):
        status, body = listed(params)
        return status, {**body, "tasks": [{**t, "annotations": None} for t in body["tasks"]]}

    server._list_tasks = without
    with pytest.raises(LabelStudioError, match="must list the annotations"):
        run(pushed, server)
    assert labels(pushed)[0] == CAT


def test_an_answer_given_while_a_pull_ran_comes_with_the_next(pushed, server):
    server.annotate(1, "cat")
    answer = server._list_users

    def meanwhile():
        server.annotate(2, "cat")
        server.pass_time(300)
        server._list_users = answer
        return answer()

    server._list_users = meanwhile
    run(pushed, server)
    run(pushed, server)
    assert labels(pushed)[:2] == [CAT, CAT]
    assert len(events(pushed)) == 2


def test_a_server_with_a_wrong_clock_loses_nothing(pushed, server):
    server.pass_time(-86_400 * 365)
    server.annotate(1, "cat")
    run(pushed, server)
    server.annotate(2, "cat")
    assert run(pushed, server).n_decisions == 1


def test_a_deleted_project_and_a_revoked_token_change_nothing_here(pushed, server):
    server.annotate(1, "cat")
    run(pushed, server)
    server.token = "another"
    with pytest.raises(LabelStudioError, match="token"):
        run(pushed, server)
    server.token = "0123456789abcdef0123456789abcdef01234567"
    server.projects.clear()
    with pytest.raises(LabelStudioError, match="was deleted"):
        run(pushed, server)
    assert labels(pushed)[0] == CAT


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_pull_killed_at_any_write_goes_on(template, tmp_path, after_commit):
    for at in range(7):
        server, project = FakeLabelStudio(), open_copy(template, tmp_path / f"{at}")
        push(project, server.client(), order="margin")
        dying = DyingWrites(Store.write, at, after_commit)
        first, second = server.annotate(1, "cat"), server.annotate(2, "dog")
        server.annotate(3)
        pull_killed_once(project, server, dying)
        server.change(first, result=choices("owl"))
        server.delete_annotation(second)
        pull_killed_once(project, server, dying)
        assert dying.count > at
        assert labels(project)[:3] == [OWL, -1, -1]
        assert sorted(events(project)["kind"]) == ["accept", "accept", "relabel", "skip", "undo"]
        assert not run(project, server).changed
        project.close()


def pull_killed_once(project, server, dying):
    try:
        with dying:
            run(project, server)
    except Killed:
        run(project, server)


def test_a_pull_before_any_push_says_what_comes_first(project, server):
    with pytest.raises(NotReadyError, match="annotate labelstudio push"):
        run(project, server)


def test_two_pulls_at_once_are_refused_and_training_is_not_held_up(pushed, server):
    with exchanging(pushed, "labelstudio push"), pytest.raises(ProjectBusyError):
        run(pushed, server)
    with pushed.running("train"):
        run(pushed, server)
