from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from annotate.bridges.label_studio.access import Secret
from annotate.bridges.label_studio.backend import SECRET_HEADER, make_backend
from annotate.errors import ConfigError, LabelStudioError
from annotate.steps.labelstudio import serve
from annotate.steps.labelstudio.pull import pull
from annotate.steps.labelstudio.push import push
from annotate.steps.labelstudio.serve import PullOnHint, StoredPredictor, backend_secret
from annotate.store.decisions import count_decisions
from annotate.store.queue_front import ask_first
from annotate.store.schema_versions import record_schema, renamed, retired
from tests.annotate.steps.labelstudio.conftest import N_ITEMS, proba_favouring
from tests.app.review_projects import predict_as_given, text_project


@pytest.fixture
def pushed(project, server):
    push(project, server.client(), order="margin")  # task k + 1 is item k
    return project


def answers(workspace, server, numbers):
    """Return what is predicted for some tasks: class and score, None for nothing."""
    results = StoredPredictor(workspace).predict([server.tasks[n] for n in numbers])
    return [
        (r["result"][0]["value"]["choices"][0], r["score"]) if r["result"] else None
        for r in results
    ]


def test_tasks_get_the_stored_prediction_in_their_order(pushed, server):
    found = answers(pushed, server, [5, 1])
    assert found == [("dog", pytest.approx(0.7, abs=1e-3)), ("cat", pytest.approx(0.5, abs=1e-3))]


def test_it_is_the_prediction_that_a_push_sends(pushed, server):
    results = StoredPredictor(pushed).predict(list(server.tasks.values()))
    sent = [task["predictions"][0] for task in server.tasks.values()]
    assert results == [{k: p[k] for k in ("model_version", "score", "result")} for p in sent]


def test_a_newer_prediction_is_served_at_once(pushed, server):
    predict_as_given(pushed, proba_favouring([2] * N_ITEMS), teacher="probe")
    assert answers(pushed, server, [1])[0][0] == "owl"
    assert StoredPredictor(pushed).model_version().startswith("probe ")


@pytest.mark.parametrize("reason", ["spot check", "audit"])
def test_items_that_measure_get_an_empty_prediction(pushed, server, reason):
    with pushed.store.write() as connection:
        ask_first(connection, [0], reason)
    assert answers(pushed, server, [1, 2])[0] is None
    assert answers(pushed, server, [1, 2])[1] is not None


def test_tasks_of_others_get_an_empty_prediction(pushed):
    strange = [None, 1, "x", {}, {"data": {"annotate_key": "other:1"}}, {"data": []}]
    assert [r["result"] for r in StoredPredictor(pushed).predict(strange)] == [[]] * len(strange)


def test_a_class_that_label_studio_does_not_offer_is_not_predicted(pushed, server):
    with pushed.store.write() as connection:
        record_schema(connection, renamed(pushed.schema, "cat", "lynx"), "test")
    assert answers(pushed, server, [1, 2])[0] is None
    push(pushed, server.client())
    assert answers(pushed, server, [1, 2])[0][0] == "lynx"


def test_a_retired_class_is_not_predicted(pushed, server):
    with pushed.store.write() as connection:
        record_schema(connection, retired(pushed.schema, "cat"), "test")
    assert answers(pushed, server, [1])[0][0] != "cat"


def test_without_any_prediction_all_are_empty(tmp_path, server):
    workspace = text_project(tmp_path / "p", ["a", "b"])
    push(workspace, server.client())
    assert answers(workspace, server, [1, 2]) == [None, None]
    assert StoredPredictor(workspace).model_version() == ""


def wait_for(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within five seconds")


def n_stored(project):
    with project.store.read() as connection:
        return count_decisions(connection)


def test_the_same_webhook_ten_times_at_once_stores_one_decision(pushed, server):
    puller = PullOnHint(lambda: pull(pushed, server.client()), lambda line: None)
    backend = TestClient(
        make_backend(StoredPredictor(pushed), Secret("s"), puller.hint),
        headers={SECRET_HEADER: "s"},
    )
    puller.start()
    server.annotate(1, "cat")
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: backend.post("/webhook", json={}), range(10)))
    wait_for(lambda: n_stored(pushed) == 1)
    puller.stop()
    assert {reply.status_code for reply in replies} == {200}
    assert n_stored(pushed) == 1


def test_webhooks_in_any_order_or_missing_end_in_what_a_pull_finds(pushed, server):
    puller = PullOnHint(lambda: pull(pushed, server.client()), lambda line: None)
    first = server.annotate(1, "cat")
    server.change(first, result=[])  # no hint for this one
    second = server.annotate(2, "dog")
    server.delete_annotation(second)
    server.annotate(3, "owl")
    puller.start()
    puller.hint()
    wait_for(lambda: n_stored(pushed) == 1)
    puller.stop()
    assert not pull(pushed, server.client()).changed


def test_hints_during_a_pull_ask_for_one_more(pushed, server):
    began, go_on, pulls = threading.Event(), threading.Event(), []

    def slow_pull():
        pulls.append(1)
        began.set()
        go_on.wait(5)
        return pull(pushed, server.client())

    puller = PullOnHint(slow_pull, lambda line: None)
    puller.start()
    began.wait(5)
    for _ in range(5):
        puller.hint()
    go_on.set()
    wait_for(lambda: len(pulls) == 2)
    puller.stop()
    assert len(pulls) == 2


def test_a_pull_that_failed_is_told_and_tried_again(pushed, server, monkeypatch):
    monkeypatch.setattr(serve, "RETRY_AFTER_S", 0.01)
    told, results = [], iter([LabelStudioError("It is down. Wait."), None])

    def pull_or_fail():
        error = next(results)
        if error:
            raise error
        return pull(pushed, server.client())

    server.annotate(1, "cat")
    puller = PullOnHint(pull_or_fail, told.append)
    puller.start()
    wait_for(lambda: len(told) == 2)
    puller.stop()
    assert told[0].startswith("It is down.") and "1 decisions" in told[1]


def test_a_port_that_is_taken_is_a_mistake_of_one_line(pushed, server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
            serve.serve(pushed, server.client(), Secret("s"), port=port, tell=print)


def test_a_backend_without_a_secret_does_not_start(monkeypatch):
    monkeypatch.delenv("ANNOTATE_BACKEND_SECRET", raising=False)
    with pytest.raises(ConfigError, match="ANNOTATE_BACKEND_SECRET"):
        backend_secret(None)
