"""Arguments and options that several commands share, and how a project is opened for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from annotate.steps.workspace import Workspace

ProjectDir = Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Selectors = Annotated[
    list[str] | None,
    typer.Option(
        "--selector",
        metavar="NAME",
        help="Selector to use, e.g. threshold:0.9 or quota:16; give several to chain them.",
    ),
]

ChatUrl = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="What comes before /chat/completions; default the variable ANNOTATE_CHAT_URL.",
    ),
]
ChatYes = Annotated[
    bool, typer.Option("--yes", help="The cost is agreed to; without it nothing is sent.")
]
ChatReplay = Annotated[
    bool, typer.Option("--replay", help="Send nothing; use replies on record alone.")
]
PriceIn = Annotated[
    float | None,
    typer.Option("--price-in", metavar="X", help="Price of a million tokens sent."),
]
PriceOut = Annotated[
    float | None,
    typer.Option("--price-out", metavar="X", help="Price of a million tokens received."),
]
ChatParallel = Annotated[int, typer.Option("--parallel", min=1, help="Requests under way at once.")]
AllowHttp = Annotated[
    bool, typer.Option("--allow-http", help="Let the key cross a network in clear text.")
]


@contextmanager
def opened(folder: Path) -> Iterator[Workspace]:
    """Open the project for one command and close it after."""
    from annotate.steps.workspace import open_workspace

    workspace = open_workspace(folder)
    try:
        yield workspace
    finally:
        workspace.close()
