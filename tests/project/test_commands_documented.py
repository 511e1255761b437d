"""Every command explains itself and appears in docs/cli.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from annotate.cli.main import app
from tests.project.source_files import ROOT


def commands(group: Any, path: tuple[str, ...] = ("annotate",)) -> Iterator[tuple[str, Any]]:
    """Yield each command and group of commands with the words that call it."""
    for name, command in group.commands.items():
        yield " ".join((*path, name)), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_has_help_and_is_in_the_reference(words):
    assert COMMANDS[words].help
    assert words in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_of_a_command_has_help(words):
    options = [p for p in COMMANDS[words].params if p.param_type_name == "option"]
    assert [p.name for p in options if not p.help] == []
