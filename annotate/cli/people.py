"""`annotate people`: who may review a project, and who owns it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table

NAME = "people"
app = typer.Typer(help="People: who may review, and who owns the project.", no_args_is_help=True)
PersonName = Annotated[
    str, typer.Argument(metavar="NAME", help="As the login or the page knows the person.")
]


class RoleName(StrEnum):
    """What a person may do."""

    owner = "owner"
    reviewer = "reviewer"


@app.command("list")
def list_command(folder: ProjectDir, json: Json = False) -> None:
    """List everybody who may review."""
    from annotate.steps.people import list_people

    with opened(folder) as workspace:
        people = list_people(workspace)
    if json:
        print_json({"people": [{"name": p.name, "role": p.role} for p in people]})
    elif people:
        print_table(("name", "role"), [(p.name, p.role) for p in people])
    else:
        print_lines("Nobody yet: the first to open the review page owns the project.")


@app.command("set")
def set_command(
    folder: ProjectDir,
    name: PersonName,
    role: Annotated[
        RoleName,
        typer.Option(
            help="An owner may also rule on conflicts, change classes, revert and export."
        ),
    ] = RoleName.reviewer,
    json: Json = False,
) -> None:
    """Add somebody, or give another role."""
    from annotate.steps.people import set_person

    with opened(folder) as workspace:
        person = set_person(workspace, name, role.value)
    if json:
        print_json({"name": person.name, "role": person.role})
    else:
        print_lines(f"{person.name}: {person.role}")


@app.command("remove")
def remove_command(folder: ProjectDir, name: PersonName, json: Json = False) -> None:
    """Take somebody off the list; what the person decided stays."""
    from annotate.steps.people import remove_person

    with opened(folder) as workspace:
        remove_person(workspace, name)
    if json:
        print_json({"removed": name})
    else:
        print_lines(f"{name} may no longer review; what {name} decided stays.")
