"""`annotate review`, up to the moment it starts the server."""

from __future__ import annotations

import socket
import subprocess
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from annotate.cli import review, review_access
from annotate.errors import AnnotateError
from annotate.review.server_settings import LOGIN, LOGIN_BY_NAME, LOGIN_BY_OIDC, PROXY
from annotate.steps.people import set_person
from pipelines.browsing import free_port
from tests.app.review_projects import text_project


@pytest.fixture
def started(monkeypatch):
    """What would have been started: one (command, environment) a start."""
    calls = []

    def start(command, env, check):
        calls.append((command, env))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(review, "subprocess", SimpleNamespace(run=start))
    return calls


def annotate_review(*arguments):
    app = typer.Typer()
    app.command()(review.command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_server_is_told_project_reviewer_and_order(tmp_path, started):
    text_project(tmp_path / "p", ["one"]).close()
    port = free_port()
    annotate_review(tmp_path / "p", "--port", port, "--reviewer", " Ann ", "--queue", "random")
    [(command, environment)] = started
    assert f"--server.port={port}" in command and "--server.address=127.0.0.1" in command
    told = {name: value for name, value in environment.items() if "ANNOTATE_REVIEW" in name}
    assert list(told.values()) == [str(tmp_path / "p"), "Ann", "random", "1", "1", "name"]


@pytest.fixture(autouse=True)
def no_login_set_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(review_access.Path, "home", lambda: tmp_path / "home")


def project_of(folder, *owners):
    project = text_project(folder / "p", ["one"])
    for name in owners:
        set_person(project, name, "owner")
    project.close()
    return folder / "p"


def set_up_login(folder):
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text("[auth]\ncookie_secret = 'x'\n")


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "192.168.1.4", "example.org", "127.0.0.1.nip.io"]
)
def test_an_address_that_others_can_reach_is_refused_without_a_login(tmp_path, started, address):
    result = annotate_review(project_of(tmp_path, "ann"), "--address", address)
    assert isinstance(result.exception, AnnotateError) and "login" in str(result.exception)
    assert started == []


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_people_of_this_machine_say_who_they_are(address):
    assert review_access.choose_access(address, None, None).login == LOGIN_BY_NAME


def test_a_login_lets_others_reach_the_page(tmp_path, started, monkeypatch):
    set_up_login(tmp_path)
    monkeypatch.setattr(review_access.importlib.util, "find_spec", lambda name: name)
    access = review_access.choose_access("0.0.0.0", None, None)
    assert access.told == {LOGIN: LOGIN_BY_OIDC}


def test_a_login_needs_the_package_that_does_it(tmp_path, monkeypatch):
    set_up_login(tmp_path)
    monkeypatch.setattr(review_access.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AnnotateError, match="authlib"):
        review_access.choose_access("127.0.0.1", None, None)


def test_a_proxys_header_lets_others_in_and_nobody_but_the_proxy(tmp_path, started):
    folder = project_of(tmp_path, "ann@example.org")
    port = free_port()
    annotate_review(
        folder, "--port", port, "--proxy-header", "X-Forwarded-Email", "--proxy", "10.1.2.3"
    )
    [(command, environment)] = started
    assert environment[PROXY] == "10.1.2.3"
    assert environment["FORWARDED_ALLOW_IPS"] == ""
    assert '--server.trustedUserHeaders={"X-Forwarded-Email": "annotate_person"}' in command


def test_a_page_with_a_login_needs_somebody_on_the_list(tmp_path, started):
    result = annotate_review(project_of(tmp_path), "--proxy-header", "X", "--port", free_port())
    assert "annotate people set" in str(result.exception)
    assert started == []


@pytest.mark.parametrize(
    "arguments", [("--proxy", "10.1.2.3"), ("--proxy-header", "X", "--proxy", "proxy.example")]
)
def test_a_proxy_that_cannot_be_told_from_others_is_refused(tmp_path, started, arguments):
    result = annotate_review(project_of(tmp_path, "ann"), *arguments)
    assert isinstance(result.exception, AnnotateError)
    assert started == []


@pytest.mark.parametrize(
    "arguments", [("--queue", "magin"), ("--reviewer", "  "), ("--reviewer", "a\x1b[31m")]
)
def test_a_wrong_setting_is_refused_before_anything_starts(tmp_path, started, arguments):
    text_project(tmp_path / "p", ["one"]).close()
    result = annotate_review(tmp_path / "p", "--port", free_port(), *arguments)
    assert isinstance(result.exception, AnnotateError)
    assert started == []


def test_a_taken_port_is_told(tmp_path, started):
    text_project(tmp_path / "p", ["one"]).close()
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = annotate_review(tmp_path / "p", "--port", other.getsockname()[1])
    assert "--port" in str(result.exception)
    assert started == []


def test_the_app_is_found_and_not_imported():
    code = (
        "import sys; from annotate.cli.review import server_command; server_command(1, 'x');"
        "print({'app', 'streamlit'} & set(sys.modules))"
    )
    shown = subprocess.run(
        [review.server_command(1, "x")[0], "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "set()"
