"""`annotate schema`: change classes, each time as a new version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines

if TYPE_CHECKING:
    from annotate.schema import Schema

NAME = "schema"
app = typer.Typer(
    help="Classes: rename or retire them. Add classes and change prompts in annotate.toml.",
    no_args_is_help=True,
)
ClassName = Annotated[str, typer.Argument(metavar="CLASS", help="A class in force.")]


@app.command("rename")
def rename_command(
    folder: ProjectDir,
    old: ClassName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    json: Json = False,
) -> None:
    """Rename a class; its labels stay."""
    from annotate.steps.change_schema import rename_class

    with opened(folder) as workspace:
        _print(rename_class(workspace, old, new), json)


@app.command("retire")
def retire_command(folder: ProjectDir, name: ClassName, json: Json = False) -> None:
    """Let a class take no new labels; old ones stay."""
    from annotate.steps.change_schema import retire_class

    with opened(folder) as workspace:
        _print(retire_class(workspace, name), json)


def _print(schema: Schema, json: bool) -> None:
    names = [spec.name for spec in schema.active]
    if json:
        print_json({"version": schema.version, "classes": names})
        return
    print_lines(f"Schema version {schema.version}: {', '.join(names)}")
