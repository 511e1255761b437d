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
    help="Classes: rename, merge, split or retire them. Add classes and change prompts in"
    " annotate.toml.",
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


@app.command("merge")
def merge_command(
    folder: ProjectDir,
    names: Annotated[list[str], typer.Argument(metavar="CLASS...", help="Classes in force.")],
    into: Annotated[
        str, typer.Option(metavar="NAME", help="One of them, another class, or a new name.")
    ],
    json: Json = False,
) -> None:
    """Make several classes one; their labels and probabilities count for it."""
    from annotate.steps.change_schema import merge_classes

    with opened(folder) as workspace:
        _print(merge_classes(workspace, names, into), json)


@app.command("split")
def split_command(
    folder: ProjectDir,
    name: ClassName,
    into: Annotated[
        str, typer.Option(metavar="A,B", help="Two names or more, separated by commas.")
    ],
    json: Json = False,
) -> None:
    """Replace a class by others; its items are asked again."""
    from annotate.steps.change_schema import split_class

    with opened(folder) as workspace:
        _print(split_class(workspace, name, [part.strip() for part in into.split(",")]), json)


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
