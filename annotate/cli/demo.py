"""`annotate demo`: the whole loop on the embedded sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json
from annotate.cli.output import progress_bar

NAME = "demo"


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="A new folder for the demo.")
    ] = Path("annotate-demo"),
    json: Json = False,
) -> None:
    """Label 1,797 handwritten digits from class names alone, then with 50 answers."""
    from annotate.cli.recipes import load_recipe

    recipe = load_recipe("demo")
    with progress_bar() as progress:
        result = recipe.run(recipe.Settings(folder=folder), progress=progress)
    recipe.show(result, as_json=json)
