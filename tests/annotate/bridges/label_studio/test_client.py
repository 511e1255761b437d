"""The verbs: what they make of the server's answers, and which of them must not be repeated."""

from __future__ import annotations

import pytest

from annotate.bridges.label_studio.patient_http import LostReplyError, MissingError, RefusedError
from annotate.errors import LabelStudioError
from tests.annotate.bridges.label_studio.fake_server import FakeLabelStudio, choices

TASK = {"data": {"annotate_key": "k:0"}}


@pytest.fixture
def server():
    fake = FakeLabelStudio()
    fake.client().create_project("title", "about", "<View/>")
    return fake


@pytest.mark.parametrize(
    "make",
    [
        lambda client: client.create_project("title", "about", "<View/>"),
        lambda client: client.create_tasks(1, [TASK]),
        lambda client: client.create_predictions(1, []),
    ],
    ids=["project", "tasks", "predictions"],
)
def test_making_something_is_never_sent_again_where_it_may_have_worked(server, make):
    n_before = len(server.lines)
    server.fail("POST", "lost")
    with pytest.raises(LostReplyError):
        make(server.client())
    assert len(server.lines) == n_before + 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.find_project("about"),
        lambda client: client.read_project(1),
        lambda client: client.change_project(1, {"title": "other"}),
        lambda client: client.serve_folder(1, "/pictures"),
        lambda client: client.delete_predictions(1, []),
        lambda client: client.delete_task(1),
        lambda client: client.emails(),
        lambda client: list(client.tasks_after(1, 0)),
    ],
    ids=["find", "read", "change", "serve", "withdraw", "delete", "emails", "pages"],
)
def test_what_may_be_repeated_is_asked_again_when_its_reply_is_lost(server, ask):
    server.fail("/api/", "lost")
    ask(server.client())
    assert len(server.waits) == 1


def test_a_reply_that_names_too_few_tasks_counts_as_lost(server):
    answer = server._import
    server._import = lambda *a: (201, {**answer(*a)[1], "task_ids": [1]})
    with pytest.raises(LostReplyError):
        server.client().create_tasks(1, [TASK, TASK])


def test_predictions_of_a_task_that_is_gone_are_refused(server):
    with pytest.raises(RefusedError, match="be retrieved"):
        server.client().create_predictions(1, [{"task": 99, "result": choices("a")}])


def test_a_project_that_was_deleted_is_named(server):
    with pytest.raises(MissingError, match="/api/projects/7/ is not there"):
        server.client().read_project(7)


@pytest.mark.parametrize("reply", [[], None, "x", {"tasks": None}, {"tasks": [1]}, {"results": []}])
def test_a_reply_of_another_shape_is_an_error_and_not_an_empty_list(server, reply):
    server._list_tasks = lambda params: (200, reply)
    with pytest.raises(LabelStudioError, match="must answer with"):
        list(server.client().tasks_after(1, 0))


@pytest.mark.parametrize("number", [None, "1", True, 1.0, -1, 2**63])
def test_a_task_with_an_odd_number_is_an_error(server, number):
    server._list_tasks = lambda params: (200, {"tasks": [{"id": number}]})
    with pytest.raises(LabelStudioError, match="must say id as a number"):
        list(server.client().tasks_after(1, 0))


def test_pages_skip_nothing_when_tasks_come_and_go_meanwhile(server, monkeypatch):
    monkeypatch.setattr("annotate.bridges.label_studio.client.IDS_AT_ONCE", 4)
    client = server.client()
    numbers = client.create_tasks(1, [TASK] * 12)
    seen = []
    for page in client.tasks_after(1, 0):
        seen += [task["id"] for task in page]
        if len(seen) == 4:
            del server.tasks[2], server.tasks[3]  # pages counted from the start would now shift
            client.create_tasks(1, [TASK])
    assert set(seen) >= set(numbers) and len(seen) == len(set(seen))


def test_a_deleted_task_can_be_deleted_again(server):
    client = server.client()
    deleted, kept = client.create_tasks(1, [TASK, TASK])
    for _ in range(2):
        client.delete_task(deleted)
    assert set(server.tasks) == {kept}
