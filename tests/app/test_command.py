"""`annotate review`, up to the moment it starts the server."""

from __future__ import annotations

import socket
import subprocess
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from annotate.cli import review
from annotate.errors import AnnotateError
from tests.app.review_projects import text_project
from tests.app.review_server import free_port


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
    assert list(told.values()) == [str(tmp_path / "p"), "Ann", "random"]


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "192.168.1.4", "example.org", "127.0.0.1.nip.io"]
)
def test_an_address_that_others_can_reach_is_refused(tmp_path, started, address):
    text_project(tmp_path / "p", ["one"]).close()
    result = annotate_review(tmp_path / "p", "--address", address)
    assert isinstance(result.exception, AnnotateError) and "login" in str(result.exception)
    assert started == []


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_addresses_of_this_machine_pass(address):
    assert review.check_loopback(address) is None


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
