"""`annotate doctor`: versions, device, store health."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json
from annotate.cli.output import print_json, print_lines

NAME = "doctor"


def command(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A project.")] = None,
    json: Json = False,
) -> None:
    """Show versions, the device, a project's health, what is missing and how to get it."""
    from annotate.steps.doctor import examine

    report = examine(folder)
    if json:
        print_json(report)
    else:
        for finding in report.findings:
            advice = f" {finding.advice}" if finding.advice else ""
            print_lines(f"[{finding.level:>7}] {finding.what}{advice}")
    if report.has_problem:
        raise typer.Exit(2)
