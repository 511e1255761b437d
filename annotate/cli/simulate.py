"""`annotate simulate`: what a budget of answers would buy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table, progress_bar

NAME = "simulate"


def command(
    folder: ProjectDir,
    truth: Annotated[Path, typer.Option(metavar="F", help="CSV or Parquet with id and label.")],
    budget: Annotated[int, typer.Option(min=1, help="How many answers to give.")],
    queue: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is asked first: mixed, margin, least_confidence, entropy,"
            " class_balanced, contrastive, disagreement, typical, cover, k_centre, label_error"
            " or random.",
        ),
    ] = "mixed",
    batch: Annotated[
        int | None, typer.Option(min=1, help="Answers between two trainings; default all at once.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Fixes every draw.")] = 0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the answers into the project, marked simulated.")
    ] = False,
    json: Json = False,
) -> None:
    """Let a truth file answer the review queue on a copy, and show what it buys."""
    from annotate.steps.simulate import simulate

    with opened(folder) as workspace, progress_bar() as progress:
        report = simulate(
            workspace,
            truth,
            budget=budget,
            queue=queue,
            batch=batch,
            seed=seed,
            keep=keep,
            progress=progress,
        )
    if json:
        print_json(report)
        return
    print_table(
        ("answers", "coverage", "accuracy of labels", "accuracy of all"),
        [(p["answers"], p["coverage"], p["accuracy"], p["accuracy_all"]) for p in report.points],
    )
    if report.kept:
        print_lines(f"The answers are kept in {folder} as simulated decisions.")
