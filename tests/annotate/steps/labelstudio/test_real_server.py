"""Push, pull and serve against a real Label Studio, started once for all of these tests."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from annotate.bridges.label_studio.access import Secret
from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.bridges.label_studio.label_config import make_label_config
from annotate.steps.export import export
from annotate.steps.given_labels import read_given_labels
from annotate.steps.labelstudio.link import current_link
from annotate.steps.labelstudio.pull import pull
from annotate.steps.labelstudio.push import push
from annotate.store.decisions import Decision, append_decisions, read_decisions
from annotate.store.label_studio import read_tasks
from annotate.store.queue_front import ask_first
from pipelines.bench.label_studio_server import (
    PROGRAM_VARIABLE,
    USER,
    LabelStudioServer,
    find_label_studio,
    free_port,
)
from tests.app.review_projects import image_project, predict_at_random, text_project

CHECKOUT = Path(__file__).parents[4]
CLASSES = ('a & "b"', "<script>alert(1)</script>", "owl")
N_ITEMS = 300
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    program = find_label_studio()
    if program is None:
        pytest.skip(f"needs Label Studio: .ci/run installs it, or name it in {PROGRAM_VARIABLE}")
    with LabelStudioServer(program, tmp_path_factory.mktemp("label-studio")) as started:
        yield started


@pytest.fixture
def client(server):
    with LabelStudioClient(server.url, Secret(server.token)) as opened:
        yield opened


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "texts", [f"text {n}" for n in range(N_ITEMS)], CLASSES)
    predict_at_random(workspace)
    yield workspace
    workspace.close()


def tasks_of(workspace):
    """Return {item_no: task_id}."""
    with workspace.store.read() as connection:
        tasks = read_tasks(connection, current_link(workspace).link_no)
    return dict(zip(tasks["item_no"], tasks["task_id"], strict=True))


def items_there(client, workspace):
    link = current_link(workspace)
    pages = client.tasks_after(link.project_id, 0)
    return sorted(task["data"]["annotate_item"] for page in pages for task in page)


def kinds(workspace):
    with workspace.store.read() as connection:
        return read_decisions(connection)["kind"].tolist()


def test_there_and_back_and_again(server, client, project):
    with project.store.write() as connection:
        ask_first(connection, [0], "spot check")
    assert push(project, client).n_new_tasks == N_ITEMS
    assert items_there(client, project) == sorted(f"t{n}" for n in range(N_ITEMS))
    assert not push(project, client).changed

    task_of = tasks_of(project)
    blind = server.request("GET", f"/api/tasks/{task_of[0]}").json()
    shown = server.request("GET", f"/api/tasks/{task_of[1]}").json()
    assert (blind["predictions"], len(shown["predictions"])) == ([], 1)
    guessed = shown["predictions"][0]["result"][0]["value"]["choices"][0]
    other = next(name for name in CLASSES if name != guessed)

    server.annotate(task_of[0], "owl")
    kept = server.annotate(task_of[1], guessed)
    changed, deleted = server.annotate(task_of[2], CLASSES[0]), server.annotate(task_of[3], "owl")
    server.annotate(task_of[4], None)
    report = pull(project, client)
    assert (report.n_decisions, report.n_skips, report.unknown) == (5, 1, {})
    with project.store.read() as connection:
        events = read_decisions(connection).set_index("item_no")
    assert events.loc[1, ["kind", "reviewer", "elapsed_s"]].tolist() == ["accept", USER, 2.5]
    assert events.loc[0, "role"] == "held_back"
    assert not pull(project, client).changed
    assert not push(project, client).changed

    region = {"from_name": "label", "to_name": "item", "type": "choices"}
    otherwise = {"result": [{**region, "value": {"choices": [CLASSES[1]]}}]}
    server.request("PATCH", f"/api/annotations/{changed}/", json=otherwise)
    server.request("DELETE", f"/api/annotations/{deleted}/")
    two = {"result": [{**region, "value": {"choices": [guessed, other]}}]}
    server.request("PATCH", f"/api/annotations/{kept}/", json=two)
    report = pull(project, client)
    assert (report.n_decisions, report.n_undone, report.n_deleted) == (1, 2, 1)
    assert report.unknown == {"several choices": 1}
    assert read_given_labels(project).human.labels[:4].tolist() == [2, -1, 1, -1]
    assert not pull(project, client).changed

    predict_at_random(project, seed=1, teacher="probe")
    report = push(project, client)
    # Items 0, 2 and 4 are decided; 0 would be blind besides.
    assert (report.n_new_tasks, report.n_new_predictions) == (0, N_ITEMS - 3)
    assert len(server.request("GET", f"/api/tasks/{task_of[9]}").json()["predictions"]) == 2
    assert not push(project, client).changed
    assert not pull(project, client).changed


def test_a_personal_access_token_works_too(server, project):
    token = server.request("POST", "/api/token/").json()["token"]
    with LabelStudioClient(server.url, Secret(token)) as client:
        assert push(project, client, limit=5).n_new_tasks == 5
        assert not pull(project, client).changed


def test_annotations_made_of_predictions_are_derived_labels(server, client, project):
    push(project, client)
    project_id, task_of = current_link(project).project_id, tasks_of(project)
    server.request(
        "POST", "/api/dm/actions",
        params={"id": "predictions_to_annotations", "project": project_id},
        json={"selectedItems": {"all": False, "included": [int(task_of[n]) for n in range(5)]}},
    )  # fmt: skip
    server.annotate(task_of[9], "owl")
    report = pull(project, client)
    assert (report.n_decisions, report.n_derived) == (6, 5)
    assert not pull(project, client).changed


def test_an_export_can_be_imported(server, client, project, tmp_path):
    for number in range(3):
        event = Decision(f"e{number}", number, "ann", "relabel", 1, class_no=number)
        append_decisions(project.store, [event])
    export(project, tmp_path / "out", "labelstudio")
    project_id = client.create_project("import", "", make_label_config(project.schema, "text"))
    body = json.loads((tmp_path / "out" / "tasks.json").read_text())
    server.request("POST", f"/api/projects/{project_id}/import", json=body)
    assert client.annotations_there(project_id) == 3


class Losing(httpx2.HTTPTransport):
    """Loses the reply to the first request whose path ends so, after it was carried out."""

    ending = "/import"

    def handle_request(self, request):
        reply = super().handle_request(request)
        if request.url.path.endswith(self.ending):
            self.ending = "no path ends so"
            reply.read()
            reply.close()
            raise httpx2.ReadTimeout("lost", request=request)
        return reply


@pytest.mark.parametrize("ending", ["/import", "/api/projects/"])
def test_a_lost_reply_makes_nothing_twice(server, project, ending):
    transport = Losing()
    transport.ending = ending
    with LabelStudioClient(
        server.url, Secret(server.token), transport=transport, sleep=lambda s: None
    ) as client:
        assert push(project, client).n_new_tasks == N_ITEMS
        assert len(items_there(client, project)) == N_ITEMS
        assert not push(project, client).changed


def test_a_duplicate_is_removed_and_a_deleted_task_stays_so(server, client, project):
    push(project, client)
    project_id, task_of = current_link(project).project_id, tasks_of(project)
    copy = server.request("GET", f"/api/tasks/{task_of[0]}").json()["data"]
    client.create_tasks(project_id, [{"data": copy}])
    assert push(project, client).n_duplicates_removed == 1
    server.annotate(task_of[1], "owl")
    pull(project, client)
    server.request("DELETE", f"/api/tasks/{task_of[1]}/")
    server.request("DELETE", f"/api/tasks/{task_of[2]}/")
    assert pull(project, client).n_tasks_deleted == 1
    predict_at_random(project, seed=1, teacher="probe")
    assert push(project, client).n_deleted_there == 2
    assert len(items_there(client, project)) == N_ITEMS - 2


def test_an_item_that_comes_to_measure_loses_its_prediction(server, client, project):
    push(project, client)
    with project.store.write() as connection:
        ask_first(connection, [7], "spot check")
    assert push(project, client).n_withdrawn == 1
    assert server.request("GET", f"/api/tasks/{tasks_of(project)[7]}").json()["predictions"] == []


def test_pictures_are_shown(server, client):
    pictures = server.document_root / "birds"
    pictures.mkdir()
    workspace = image_project(pictures / "p", [Image.new("RGB", (8, 8), "red")] * 2)
    push(workspace, client, image_root=server.document_root)
    for task_id in tasks_of(workspace).values():
        address = server.request("GET", f"/api/tasks/{task_id}").json()["data"]["image"]
        reply = server.request("GET", address)
        assert (reply.status_code, reply.headers["content-type"]) == (200, "image/png")
    workspace.close()


def test_the_backend_predicts_and_a_webhook_brings_an_answer(server, client, project, tmp_path):
    push(project, client)
    project_id, task_of = current_link(project).project_id, tasks_of(project)
    port, secret = free_port(), "a-shared-secret"
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "LABEL_STUDIO_API_KEY": server.token,
        "ANNOTATE_BACKEND_SECRET": secret,
    }
    line = ["labelstudio", "serve", str(project.paths.root), "--port", str(port)]
    with open(tmp_path / "serve.log", "wb") as log:
        backend = subprocess.Popen(
            [sys.executable, "-m", "annotate.cli.main", *line], env=environment, stderr=log
        )
    try:
        wait_for(lambda: httpx2.get(f"{url}/health", timeout=2).status_code == 200)
        predict_at_random(project, seed=1, teacher="probe")
        login = {"basic_auth_user": "x", "basic_auth_pass": secret, "auth_method": "BASIC_AUTH"}
        server.request(
            "POST", "/api/ml", json={"url": url, "project": project_id, "title": "b", **login}
        )
        chosen = [int(task_of[n]) for n in range(5)]
        server.request(
            "POST", "/api/dm/actions",
            params={"id": "retrieve_tasks_predictions", "project": project_id},
            json={"selectedItems": {"all": False, "included": chosen}},
        )  # fmt: skip
        for task_id in chosen:
            there = server.request("GET", f"/api/tasks/{task_id}").json()["predictions"]
            assert [p["model_version"].split()[0] for p in there] == ["zero_shot", "probe"]
        server.request(
            "POST", "/api/webhooks/",
            json={"project": project_id, "url": f"{url}/webhook", "send_for_all_actions": True,
                  "headers": {"X-Annotate-Secret": secret}},
        )  # fmt: skip
        server.annotate(task_of[9], "owl")
        wait_for(lambda: "Pulled 1 decisions" in (tmp_path / "serve.log").read_text())
    finally:
        backend.terminate()
        backend.wait()
    assert kinds(project) in (["accept"], ["relabel"])
    said = (tmp_path / "serve.log").read_text()
    assert server.token not in said and secret not in said


def wait_for(condition):
    for _ in range(300):
        with contextlib.suppress(httpx2.HTTPError):  # not up yet
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError("it did not happen within half a minute")


def test_the_label_config_there_offers_the_classes_as_they_are(client, project):
    push(project, client)
    config = client.read_project(current_link(project).project_id)
    assert config["parsed_label_config"]["label"]["labels"] == list(CLASSES)
    assert "<script>" not in json.dumps(config["label_config"])
