"""`annotate predictions`: your own model's probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table, progress_bar

NAME = "predictions"
app = typer.Typer(
    help="Predictions: import those of your own model, list all.", no_args_is_help=True
)


@app.command("import")
def import_command(
    folder: ProjectDir,
    path: Annotated[
        Path,
        typer.Argument(metavar="F", help="Parquet or CSV: id and a column a class; or .npy."),
    ],
    ids: Annotated[
        Path | None, typer.Option(metavar="F", help="For .npy: table with the id of each row.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The teacher becomes imported:NAME; default the file's name.")
    ] = None,
    json: Json = False,
) -> None:
    """Import probabilities of any model, aligned by id; then it is a teacher like the others."""
    from annotate.steps.import_predictions import import_predictions

    with opened(folder) as workspace, progress_bar() as progress:
        report = import_predictions(workspace, path, ids=ids, name=name, progress=progress)
    if json:
        print_json(report)
        return
    print_lines(
        f"{report.teacher}: {report.n_answered:,} of {report.n_items:,} items have an answer.",
        f"{report.n_unknown_ids:,} rows have ids that are not items here and were left out."
        if report.n_unknown_ids else None,
        f"Columns left out: {', '.join(report.ignored_columns)}."
        if report.ignored_columns else None,
        f"Next: annotate train {folder} --teacher {report.teacher}",
    )  # fmt: skip


@app.command("list")
def list_command(folder: ProjectDir, json: Json = False) -> None:
    """List every teacher's predictions, oldest first."""
    from annotate.steps.status import read_status

    with opened(folder) as workspace:
        predictions = read_status(workspace).predictions
    if json:
        print_json({"predictions": predictions})
        return
    if not predictions:
        print_lines(f"No predictions yet. Next: annotate predict {folder}")
        return
    rows = [(p["teacher"], p["prediction_id"], p["n_items"]) for p in predictions]
    print_table(("teacher", "prediction", "items"), rows)
