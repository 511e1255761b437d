from __future__ import annotations

import subprocess
import sys

import pytest

from annotate.cli import status
from annotate.errors import ConfigError
from annotate.steps import status as status_step
from annotate.steps.workspace import open_workspace


def annotate(*arguments):
    """Run the program in a process of its own."""
    command = [sys.executable, "-m", "annotate.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_done_is_0_and_a_users_mistake_is_2(tmp_path):
    assert annotate("init", tmp_path / "p", "--classes", "a,b").returncode == 0
    mistaken = annotate("init", tmp_path / "p", "--classes", "a,b")
    assert (mistaken.returncode, mistaken.stdout) == (2, "")
    assert "Traceback" not in mistaken.stderr


def test_a_busy_project_exits_75_and_names_the_step_that_holds_it(finished):
    workspace = open_workspace(finished)
    with workspace.running("train"):
        result = annotate("embed", finished, "--encoder", "hashing")
    workspace.close()
    assert result.returncode == 75
    assert "`annotate train`" in result.stderr and result.stderr.count("\n") == 1


def test_a_bug_of_ours_shows_its_traceback_and_exits_1(finished):
    code = (
        "from annotate.cli import main; from annotate.steps import status;"
        "status.read_status = lambda workspace, target: 1 / 0;"
        f"import sys; sys.argv = ['annotate', 'status', {str(finished)!r}]; main.run()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "ZeroDivisionError" in result.stderr


def test_control_c_says_that_the_same_command_goes_on(run, finished, monkeypatch):
    def interrupted(workspace, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(status_step, "read_status", interrupted)
    result = run(status.NAME, finished)
    assert result.code == 130
    assert "same command again" in result.err


def test_names_in_an_error_cannot_act_on_the_terminal(run, finished, monkeypatch):
    def refuse(workspace, target):
        raise ConfigError("got 'a\x1b[31m\nb\u202e'.")

    monkeypatch.setattr(status_step, "read_status", refuse)
    assert run(status.NAME, finished).err == "annotate: got 'a\\x1b[31m b\\u202e'.\n"


@pytest.mark.parametrize("words", [(), ("rounds",), ("status",)])
def test_a_bare_command_shows_its_help(run, words):
    result = run(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Usage: {' '.join(('annotate', *words))}")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_no_mistake(run, flag):
    result = run("train", flag)
    assert (result.code, result.err) == (0, "")
    assert "--rounds" in result.out
