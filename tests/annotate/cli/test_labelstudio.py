"""`annotate labelstudio` as a user types it, with a server in this process."""

from __future__ import annotations

import json

import pytest

import annotate
from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.steps.labelstudio import link
from tests.annotate.bridges.label_studio.fake_server import TOKEN, URL, FakeLabelStudio
from tests.app.review_projects import predict_at_random, text_project


@pytest.fixture
def server(monkeypatch):
    fake = FakeLabelStudio()
    monkeypatch.setattr(
        link,
        "LabelStudioClient",
        lambda url, token, **rest: LabelStudioClient(url, token, transport=fake, **rest),
    )
    return fake


@pytest.fixture
def folder(tmp_path):
    workspace = text_project(tmp_path / "birds", ["a", "b", "c"])
    predict_at_random(workspace)
    workspace.close()
    return tmp_path / "birds"


@pytest.fixture
def token_file(tmp_path, monkeypatch):
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    return file


def test_push_and_pull_say_what_they_did_and_what_they_did_not(run, server, folder, token_file):
    options = ("--token-file", token_file)
    sent = run("labelstudio", "push", folder, "--url", URL, *options)
    assert (sent.code, "3 new tasks" in sent.out, f"{URL}/projects/1" in sent.out) == (
        0,
        True,
        True,
    )
    assert "Nothing had changed." in run("labelstudio", "push", folder, *options).out
    server.annotate(1, "cat")
    server.annotate(2)
    server.annotate(3, "zebra")
    pulled = run("labelstudio", "pull", folder, *options).out
    assert "2 decisions, 1 of them skips" in pulled and "another class (1)" in pulled
    again = run("labelstudio", "pull", folder, *options).out
    assert "Nothing had changed." in again and "another class (1)" in again


def test_json_says_whether_anything_changed(run, server, folder, token_file):
    options = ("--token-file", token_file, "--json")
    first = json.loads(run("labelstudio", "push", folder, "--url", URL, *options).out)
    assert (first["changed"], first["n_new_tasks"]) == (True, 3)
    assert not json.loads(run("labelstudio", "push", folder, *options).out)["changed"]
    assert not json.loads(run("labelstudio", "pull", folder, *options).out)["changed"]


def test_the_token_may_come_from_the_environment(run, server, folder, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    assert run("labelstudio", "push", folder, "--url", URL).code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "annotate labelstudio push"),
        (("--url", "http://label.example.org"), "--allow-http"),
        (("--url", "label"), "must look like"),
        (("--url", URL, "--token-file", "/nonexistent"), "cannot be read|must be in a file"),
    ],
)
def test_a_mistake_is_one_line_with_the_next_step(
    run, server, folder, token_file, options, message
):
    result = run("labelstudio", "pull", folder, "--token-file", token_file, *options)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert any(part in result.err for part in message.split("|"))


def test_the_token_shows_nowhere_when_things_go_wrong(run, server, folder, token_file):
    server.token = "another"
    result = run("labelstudio", "push", folder, "--url", URL, "--token-file", token_file)
    assert result.code == 2 and "accept the token" in result.err
    assert TOKEN not in result.out + result.err


def test_the_python_api_goes_the_same_way(server, folder, token_file):
    with annotate.open(folder) as project:
        assert project.labelstudio_push(URL, token_file=token_file, limit=2).n_new_tasks == 2
        server.annotate(1, "cat")
        assert project.labelstudio_pull(token_file=str(token_file)).n_decisions == 1


def test_serve_wants_a_secret_before_anything_else(run, folder, monkeypatch):
    monkeypatch.delenv("ANNOTATE_BACKEND_SECRET", raising=False)
    result = run("labelstudio", "serve", folder)
    assert result.code == 2 and "ANNOTATE_BACKEND_SECRET" in result.err
