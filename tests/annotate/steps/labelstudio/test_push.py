from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from annotate.bridges.label_studio.label_config import choices_of
from annotate.errors import ConfigError, LabelStudioError, NotReadyError, ProjectBusyError
from annotate.schema import ClassSpec
from annotate.steps.labelstudio import new_predictions, new_tasks
from annotate.steps.labelstudio.link import connect, current_link, exchanging
from annotate.steps.labelstudio.push import push
from annotate.steps.workspace import create_workspace
from annotate.store.database import Store
from annotate.store.decisions import Decision, append_decisions
from annotate.store.items import drop_items
from annotate.store.label_studio import read_tasks
from annotate.store.queue_front import ask_first
from annotate.store.schema_versions import record_schema, renamed, retired
from tests.annotate.bridges.label_studio.fake_server import LATE_BY, FakeLabelStudio, Killed
from tests.annotate.steps.conftest import open_copy
from tests.annotate.steps.labelstudio.conftest import (
    N_ITEMS,
    proba_favouring,
)
from tests.annotate.steps.labelstudio.dying_writes import DyingWrites
from tests.app.review_projects import image_project, predict_as_given, text_project

FAULTS = ["connect", "timeout", "lost", "late", "reset", "garbled", 429, 500, 502, 503]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(new_tasks, "TASKS_AT_ONCE", 2)
    monkeypatch.setattr(new_predictions, "TASKS_AT_ONCE", 2)


def run(project, server, **options):
    return push(project, server.client(), **options)


def chosen(server, item_id):
    """Return class, score and model version of each prediction of an item's task."""
    task = server.tasks[server.task_of(item_id)]
    return [
        (p["result"][0]["value"]["choices"][0], p["score"], p["model_version"])
        for p in task["predictions"]
    ]


def assert_all_is_there_once(project, server, n_predictions=1):
    assert sorted(server.items()) == [f"t{n}" for n in range(N_ITEMS)]
    assert all(len(t["predictions"]) == n_predictions for t in server.tasks.values())
    with project.store.read() as connection:
        tasks = read_tasks(connection, current_link(project).link_no)
    on_record = dict(zip(tasks["task_id"], tasks["item_no"], strict=True))
    assert on_record == {n: int(t["data"]["annotate_item"][1:]) for n, t in server.tasks.items()}


def test_open_items_become_tasks_with_the_current_prediction(project, server):
    report = run(project, server)
    assert_all_is_there_once(project, server)
    assert (report.n_open, report.n_new_tasks, report.config_changed) == (N_ITEMS, N_ITEMS, True)
    [(name, score, version)] = chosen(server, "t4")
    assert (name, score) == ("dog", pytest.approx(0.7, abs=1e-3))
    assert version.startswith("zero_shot ") and server.projects[1]["model_version"] == version
    assert server.tasks[server.task_of("t4")]["data"]["text"] == "text 4"


def test_a_second_push_changes_nothing_and_says_so(project, server):
    run(project, server)
    before = (str(server.tasks), str(server.projects))
    server.lines.clear()
    report = run(project, server)
    assert not report.changed and report.n_open == N_ITEMS
    assert (str(server.tasks), str(server.projects)) == before
    assert {line.split()[0] for line in server.lines} == {"GET"}


def test_the_first_in_the_queue_are_sent_first(project, server):
    run(project, server, order="margin")
    assert server.items() == [f"t{n}" for n in range(N_ITEMS)]  # the later, the surer


def test_a_limit_is_how_many_wait_there(project, server):
    assert run(project, server, order="margin", limit=3).n_new_tasks == 3
    assert not run(project, server, order="margin", limit=3).changed
    decide(project, 0)
    run(project, server, order="margin", limit=3)
    assert server.items() == ["t0", "t1", "t2", "t3"]


def test_items_that_need_no_answer_are_not_sent(project, server):
    decide(project, 1)
    with project.store.write() as connection:
        drop_items(connection, [2])
    run(project, server)
    assert set(server.items()) == {"t0", "t3", "t4", "t5"}


def test_items_added_later_are_sent_alone(project, server):
    run(project, server, order="margin", limit=2)
    report = run(project, server)
    assert (report.n_new_tasks, len(server.tasks)) == (N_ITEMS - 2, N_ITEMS)


def test_a_changed_prediction_is_sent_as_one_more_prediction(project, server):
    run(project, server)
    predict_as_given(project, proba_favouring([2] * N_ITEMS), teacher="probe")
    report = run(project, server)
    assert (report.n_new_tasks, report.n_new_predictions) == (0, N_ITEMS)
    assert_all_is_there_once(project, server, n_predictions=2)
    assert chosen(server, "t0")[1][0] == "owl"
    assert server.projects[1]["model_version"].startswith("probe ")
    assert not run(project, server).changed


def test_answered_items_get_no_newer_prediction(project, server):
    run(project, server)
    decide(project, 0)
    predict_as_given(project, proba_favouring([2] * N_ITEMS), teacher="probe")
    assert run(project, server).n_new_predictions == N_ITEMS - 1


def test_an_item_without_answer_of_a_teacher_is_sent_without_prediction(tmp_path, server):
    workspace = text_project(tmp_path / "p", ["a", "b"])
    predict_as_given(workspace, np.array([[np.nan] * 3, [0.8, 0.1, 0.1]]))
    run(workspace, server)
    assert (chosen(server, "t0"), len(chosen(server, "t1"))) == ([], 1)


def test_a_project_without_prediction_can_be_sent(tmp_path, server):
    run(text_project(tmp_path / "p", ["a", "b"]), server)
    assert len(server.tasks) == 2


@pytest.mark.parametrize("reason", ["spot check", "audit"])
def test_items_that_measure_are_sent_without_prediction(project, server, reason):
    ask(project, [3], reason)
    assert run(project, server).n_blind == 1
    assert chosen(server, "t3") == []
    assert not run(project, server).changed


def test_an_item_that_comes_to_measure_loses_its_prediction(project, server):
    run(project, server)
    ask(project, [3], "spot check")
    report = run(project, server)
    assert (report.n_withdrawn, chosen(server, "t3")) == (1, [])
    assert len(chosen(server, "t4")) == 1
    assert not run(project, server).changed


def test_a_renamed_class_changes_the_config_and_the_predictions(project, server):
    run(project, server)
    change_schema(project, renamed(project.schema, "owl", "<b>owl</b> & co"))
    report = run(project, server)
    assert report.config_changed and report.n_new_predictions == N_ITEMS
    assert "&lt;b&gt;owl&lt;/b&gt; &amp; co" in server.projects[1]["label_config"]
    assert chosen(server, "t2")[1][0] == "<b>owl</b> & co"
    assert not run(project, server).changed


def test_a_retired_class_is_no_longer_predicted(project, server):
    run(project, server)
    change_schema(project, retired(project.schema, "owl"))
    run(project, server)
    assert 'value="owl"' not in server.projects[1]["label_config"]
    assert chosen(server, "t2")[1][0] in ("cat", "dog")


def test_a_config_that_was_extended_there_stays(project, server):
    run(project, server)
    extended = server.projects[1]["label_config"].replace("</View>", "<Header/></View>")
    server.projects[1]["label_config"] = extended
    assert not run(project, server).changed
    assert server.projects[1]["label_config"] == extended


def test_what_was_added_to_a_config_there_outlives_a_change_of_classes(project, server):
    run(project, server)
    added = '<!-- ours --><Header value="Look twice"/></View>'
    server.projects[1]["label_config"] = server.projects[1]["label_config"].replace(
        "</View>", added
    )
    change_schema(project, renamed(project.schema, "owl", "strix & co"))
    assert run(project, server).config_changed
    config = server.projects[1]["label_config"]
    assert choices_of(config) == ["cat", "dog", "strix & co"]
    assert "<!-- ours -->" in config and "Look twice" in config
    assert not run(project, server).changed


def test_a_class_that_was_taken_out_there_is_an_error(project, server):
    run(project, server)
    config = server.projects[1]["label_config"]
    server.projects[1]["label_config"] = config.replace('value="owl"', 'value="bird"')
    with pytest.raises(LabelStudioError, match="changed there"):
        run(project, server)
    change_schema(project, renamed(project.schema, "cat", "lynx"))
    with pytest.raises(LabelStudioError, match="changed there too"):
        run(project, server)


# Faults


@pytest.mark.parametrize("where", ["/import", "POST /api/projects/?", "GET /api/tasks", "PATCH"])
@pytest.mark.parametrize("kind", FAULTS)
def test_after_a_fault_everything_is_there_once(project, server, where, kind):
    server.fail(where, kind, times=2)
    run(project, server)
    server.pass_time(600)
    for _ in range(LATE_BY):
        server.client().read_project(1)
    run(project, server)
    # A project made after all was looked for stays empty.
    assert len({task["project"] for task in server.tasks.values()}) == 1
    assert_all_is_there_once(project, server)
    assert not run(project, server).changed


@pytest.mark.parametrize("kind", FAULTS)
def test_after_a_fault_every_newer_prediction_is_there(project, server, kind):
    run(project, server)
    predict_as_given(project, proba_favouring([2] * N_ITEMS), teacher="probe")
    server.fail("/import/predictions", kind, times=2)
    run(project, server)
    newest = {n: [c for c in chosen(server, f"t{n}") if "probe" in c[2]] for n in range(N_ITEMS)}
    assert all(found and set(found) == {found[0]} for found in newest.values())
    if kind != "late":  # what arrives after all was looked for makes an equal one: no harm
        assert_all_is_there_once(project, server, n_predictions=2)
    assert not run(project, server).changed


def test_a_request_that_works_long_after_it_was_given_up_leaves_no_second_task(project, server):
    server.fail("/import", "late", times=1)
    report = run(project, server)
    assert report.n_duplicates_removed == 2
    assert_all_is_there_once(project, server)


def test_a_duplicate_that_somebody_answered_stays(project, server):
    run(project, server)
    server._import(1, [{"data": server.tasks[1]["data"]}])
    server.annotate(N_ITEMS + 1, "cat")
    run(project, server)
    assert N_ITEMS + 1 in server.tasks


def test_a_server_that_stays_broken_is_one_sentence_and_the_next_push_goes_on(project, server):
    server.fail("/import", 500, times=100)
    with pytest.raises(LabelStudioError, match="6 attempts"):
        run(project, server)
    server.faults.clear()
    run(project, server)
    assert_all_is_there_once(project, server)


def test_tasks_deleted_there_stay_deleted(project, server):
    run(project, server)
    del server.tasks[server.task_of("t0")], server.tasks[server.task_of("t1")]
    predict_as_given(project, proba_favouring([2] * N_ITEMS), teacher="probe")
    report = run(project, server)
    assert (report.n_deleted_there, report.n_new_predictions) == (2, N_ITEMS - 2)
    assert not run(project, server).changed
    assert len(server.tasks) == N_ITEMS - 2


def test_a_project_deleted_there_is_named_and_a_new_one_can_be_made(project, server):
    run(project, server)
    server.projects.clear(), server.tasks.clear()
    with pytest.raises(LabelStudioError, match="--new-project"):
        run(project, server)
    assert run(project, server, new_project=True).project_id == 2
    assert_all_is_there_once(project, server)
    assert not run(project, server).changed


def test_a_revoked_token_changes_nothing_here(project, server):
    run(project, server, limit=2)
    server.token = "another"
    with pytest.raises(LabelStudioError, match="token"):
        run(project, server)


# Kills


def n_requests(template, folder):
    server, workspace = FakeLabelStudio(), prepared(template, folder)
    run(workspace, server)
    predict_as_given(workspace, proba_favouring([2] * N_ITEMS), teacher="probe")
    run(workspace, server)
    return len(server.lines)


def prepared(template, folder):
    workspace = open_copy(template, folder)
    ask(workspace, [5], "spot check")
    return workspace


@pytest.mark.parametrize("kind", ["killed", "dies"])
def test_a_push_killed_at_any_request_goes_on(template, tmp_path, kind):
    total = n_requests(template, tmp_path / "counting")
    assert total >= 15
    for at in range(total):
        server, workspace = FakeLabelStudio(), prepared(template, tmp_path / f"{at}")
        server.kill_at = (at, kind)
        push_twice_killed_once(workspace, server)
        assert_final_state(workspace, server)


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_push_killed_at_any_write_goes_on(template, tmp_path, after_commit):
    for at in range(11):
        server, workspace = FakeLabelStudio(), prepared(template, tmp_path / f"{at}")
        dying = DyingWrites(Store.write, at, after_commit)
        push_twice_killed_once(workspace, server, dying)
        assert dying.count > at
        assert_final_state(workspace, server)


def push_twice_killed_once(workspace, server, dying=None):
    """Push, predict anew, push; what was killed runs again."""
    for classes in (None, [2] * N_ITEMS):
        if classes is not None:
            predict_as_given(workspace, proba_favouring(classes), teacher="probe")
        try:
            with dying or nullcontext():
                run(workspace, server)
        except Killed:
            run(workspace, server)


def assert_final_state(workspace, server):
    assert len(server.projects) == 1
    assert sorted(server.items()) == [f"t{n}" for n in range(N_ITEMS)]
    for n in range(N_ITEMS):
        teachers = [version.split()[0] for _, _, version in chosen(server, f"t{n}")]
        assert teachers == ([] if n == 5 else ["zero_shot", "probe"])
    assert not run(workspace, server).changed
    workspace.close()


# What is refused


def test_bare_features_are_refused_with_the_reason(tmp_path, server):
    classes = (ClassSpec(0, "a"), ClassSpec(0, "b"))
    workspace = create_workspace(tmp_path / "p", classes, modality="features")
    with pytest.raises(NotReadyError, match="bare features"):
        run(workspace, server)
    assert server.lines == []


def test_several_classes_an_item_are_refused(tmp_path, server):
    classes = (ClassSpec(0, "a"), ClassSpec(0, "b"))
    workspace = create_workspace(tmp_path / "p", classes, task="multi", modality="text")
    with pytest.raises(NotReadyError, match="several"):
        run(workspace, server)


def test_two_exchanges_at_once_are_refused_and_other_steps_are_not(project, server):
    with exchanging(project, "labelstudio pull"), pytest.raises(ProjectBusyError, match="pull"):
        run(project, server)
    with project.running("train"):
        run(project, server)


def test_without_an_address_the_last_one_is_used(project, server, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "x" * 40)
    with pytest.raises(NotReadyError, match="annotate labelstudio push"):
        connect(project)
    run(project, server)
    assert connect(project).url == server.client().url


# Pictures


def test_pictures_are_shown_by_label_studios_own_serving_of_files(tmp_path, server):
    workspace = image_project(tmp_path / "p", [Image.new("RGB", (8, 8), "red")] * 2)
    run(workspace, server, image_root=tmp_path)
    assert server.tasks[1]["data"]["image"].startswith("/data/local-files/?d=p-pictures/")
    assert [s["path"] for s in server.storages] == [str(tmp_path.resolve() / "p-pictures")]
    assert not run(workspace, server, image_root=tmp_path).changed
    assert len(server.storages) == 1


def test_pictures_may_lie_on_another_server(tmp_path, server):
    workspace = image_project(tmp_path / "p", [Image.new("RGB", (8, 8), "red")])
    run(workspace, server, image_root=tmp_path / "p-pictures", image_url="https://cdn.x/b/")
    assert server.tasks[1]["data"]["image"] == "https://cdn.x/b/0.png"
    assert server.storages == []


def test_pictures_that_cannot_be_shown_are_refused_before_anything_is_sent(tmp_path, server):
    workspace = image_project(tmp_path / "p", [Image.new("RGB", (8, 8), "red")])
    (tmp_path / "elsewhere").mkdir()
    for options, match in (
        ({}, "--image-root"),
        ({"image_root": tmp_path / "elsewhere"}, "must lie in the folder"),
        ({"image_root": tmp_path, "image_url": "javascript:x"}, "must begin with"),
    ):
        with pytest.raises(ConfigError, match=match):
            run(workspace, server, **options)
    assert server.lines == []


def decide(project, item_no):
    event = Decision(f"e{item_no}", item_no, "ann", "relabel", 1, class_no=0)
    append_decisions(project.store, [event])


def ask(project, item_nos, reason):
    with project.store.write() as connection:
        ask_first(connection, item_nos, reason)


def change_schema(project, schema):
    with project.store.write() as connection:
        record_schema(connection, schema, "test")
