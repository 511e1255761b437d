"""`annotate votes`: what several weak sources say, for the teachers that combine them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table, progress_bar

NAME = "votes"
app = typer.Typer(
    help="Votes of weak sources: labelling functions, tables, other teachers.",
    no_args_is_help=True,
)
SetName = Annotated[
    str | None, typer.Option("--name", help="Name of the set of votes; default the file's name.")
]
MOST_ERRORS = 5


@app.command("run")
def run_command(
    folder: ProjectDir,
    path: Annotated[
        Path, typer.Argument(metavar="F.py", help="Python file of functions of text or item.")
    ],
    name: SetName = None,
    json: Json = False,
) -> None:
    """Run the labelling functions of a Python file over every item; the file is executed."""
    from annotate.steps.run_functions import run_functions

    with opened(folder) as workspace, progress_bar() as progress:
        report = run_functions(workspace, path, name=name, progress=progress)
    if json:
        print_json(report)
        return
    failed = list(report.first_errors.items())
    print_lines(
        f"{report.set_name}: {sum(report.n_votes.values()):,} votes of"
        f" {len(report.n_votes):,} functions on {report.n_items:,} items.",
        *(
            f"  {function} failed on {report.n_errors[function]:,} items, which count as no vote;"
            f" first {why}"
            for function, why in failed[:MOST_ERRORS]
        ),
        f"  ... and {len(failed) - MOST_ERRORS} more functions fail"
        if len(failed) > MOST_ERRORS else None,
        f"Next: annotate votes show {folder}, then annotate predict {folder} --teacher label_model",
    )  # fmt: skip


@app.command("import")
def import_command(
    folder: ProjectDir,
    path: Annotated[Path, typer.Argument(metavar="F", help="CSV or Parquet with id and votes.")],
    columns: Annotated[
        str,
        typer.Option(metavar="A,B", help="Columns of votes; one of lists stands for several."),
    ],
    id_column: Annotated[str, typer.Option(metavar="NAME", help="Column of ids.")] = "id",
    name: SetName = None,
    json: Json = False,
) -> None:
    """Import votes that came with the corpus: class names or numbers; empty or -1 abstains."""
    from annotate.steps.import_votes import import_votes

    chosen = [column.strip() for column in columns.split(",") if column.strip()]
    with opened(folder) as workspace:
        report = import_votes(workspace, path, chosen, id_column=id_column, name=name)
    if json:
        print_json(report)
        return
    print_lines(
        f"{report.set_name}: {report.n_votes:,} votes of {report.n_functions:,} sources from"
        f" {report.n_rows:,} rows.",
        f"{report.n_unknown_ids:,} rows have ids that are not items here and were left out."
        if report.n_unknown_ids else None,
        f"{report.n_unknown_classes:,} cells name no class and were left out, first"
        f" {report.first_unknown_class!r}."
        if report.n_unknown_classes else None,
        f"Next: annotate votes show {folder}, then annotate predict {folder} --teacher label_model",
    )  # fmt: skip


@app.command("take")
def take_command(
    folder: ProjectDir,
    teachers: Annotated[
        list[str], typer.Argument(metavar="TEACHER...", help="As in `annotate predictions list`.")
    ],
    min_confidence: Annotated[
        float, typer.Option(metavar="X", help="A teacher that is less sure abstains, 0 to 1.")
    ] = 0.0,
    name: Annotated[str, typer.Option(help="Name of the set of votes.")] = "teachers",
    json: Json = False,
) -> None:
    """Let the project's own teachers vote by their newest predictions."""
    from annotate.steps.take_votes import take_votes

    with opened(folder) as workspace:
        report = take_votes(workspace, teachers, min_confidence=min_confidence, name=name)
    if json:
        print_json(report)
        return
    print_table(("teacher", "votes"), list(report.n_votes.items()))


@app.command("show")
def show_command(folder: ProjectDir, json: Json = False) -> None:
    """Show what each source covers, where others differ, and how often it is right."""
    from annotate.steps.describe_votes import describe_votes

    with opened(folder) as workspace:
        report = describe_votes(workspace)
    if json:
        print_json(report)
        return
    if not report.sets:
        print_lines(f"No votes yet. Next: annotate votes run {folder} FUNCTIONS.py")
        return
    print_lines(
        f"{report.coverage:.1%} of {report.n_items:,} items have a vote, on"
        f" {report.conflicts:.1%} votes conflict."
    )
    print_table(("set", "from", "sources", "errors"), [
        (own["name"], own["origin"], own["n_functions"], own["n_errors"]) for own in report.sets
    ])  # fmt: skip
    print_table(
        ("source", "coverage", "overlaps", "conflicts", "labelled", "right"),
        [
            (name, s.coverage, s.overlaps, s.conflicts, s.n_labelled, s.accuracy)
            for name, s in report.functions.items()
        ],
    )


@app.command("remove")
def remove_command(
    folder: ProjectDir,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a set of votes.")],
    json: Json = False,
) -> None:
    """Let a set of votes count no more; predictions made with it stay."""
    from annotate.steps.stored_votes import remove_vote_set

    with opened(folder) as workspace:
        remove_vote_set(workspace, name)
    if json:
        print_json({"removed": name})
        return
    print_lines(f"The votes of {name} count no more.")
