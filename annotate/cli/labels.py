"""`annotate labels`: labels that come from outside, and conflicts between reviewers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table

NAME = "labels"
app = typer.Typer(help="Labels: import gold or answers, list conflicts.", no_args_is_help=True)


class LabelRole(StrEnum):
    """What imported labels are."""

    gold = "gold"
    human = "human"


@app.command("import")
def import_command(
    folder: ProjectDir,
    path: Annotated[Path, typer.Argument(metavar="F", help="CSV or Parquet with id and label.")],
    role: Annotated[
        LabelRole, typer.Option(help="gold: truth, a fifth of it held back; human: answers.")
    ] = LabelRole.gold,
    json: Json = False,
) -> None:
    """Import labels; unknown ids and classes are counted and left out, never guessed."""
    from annotate.steps.import_labels import import_labels

    with opened(folder) as workspace:
        report = import_labels(workspace, path, role=role.value)
    if json:
        print_json(report)
        return
    left_out = {
        "with an unknown id": report.n_unknown_ids,
        "with an unknown label": report.n_unknown_labels,
        "that contradict earlier gold": report.n_contradicting,
    }
    print_lines(
        f"{report.n_imported:,} labels imported as {report.role} from {report.n_rows:,} rows;"
        f" {report.n_already:,} were here already.",
        *(f"Left out: {n:,} {why}." for why, n in left_out.items() if n),
        *(f"  first {why}: {example!r}" for why, example in report.examples.items()),
    )


@app.command("conflicts")
def conflicts_command(folder: ProjectDir, json: Json = False) -> None:
    """List items to which two reviewers gave different classes: they have no label."""
    from annotate.steps.conflicts import list_conflicts

    with opened(folder) as workspace:
        conflicts = list_conflicts(workspace)
    if json:
        print_json({"conflicts": conflicts})
        return
    if not conflicts:
        print_lines("No conflicts.")
        return
    print_table(
        ("item", "answers"),
        [
            (c["item_id"], "; ".join(f"{who}: {what}" for who, what in c["answers"].items()))
            for c in conflicts
        ],
    )
