"""`annotate verify`: tell whether an export is still what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json
from annotate.cli.output import print_json, print_lines

NAME = "verify"
THE_ANSWER_IS_NO = 3


def command(
    destination: Annotated[
        Path, typer.Argument(metavar="OUT", help="A folder of annotate export.")
    ],
    json: Json = False,
) -> None:
    """Compare an export with its manifest; exits 3 when a file is missing, new or changed."""
    from annotate.export.manifest import find_damage, read_manifest

    damage = find_damage(destination)
    n_labels = read_manifest(destination)["counts"]["labels"]
    if json:
        print_json({"sound": not damage, "n_labels": n_labels, "damage": damage})
    elif damage:
        print_lines(f"{destination} is not as it was written:", *(f"  {line}" for line in damage))
    else:
        print_lines(f"{destination} is as it was written: {n_labels:,} labels.")
    if damage:
        raise typer.Exit(THE_ANSWER_IS_NO)
