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
            help="What is asked first: expected_corrections, mixed, margin, least_confidence,"
            " entropy, class_balanced, contrastive, disagreement, typical, cover, k_centre,"
            " like, like:CLASS, label_error or random.",
        ),
    ] = "expected_corrections",
    batch: Annotated[
        int | None, typer.Option(min=1, help="Answers between two trainings; default all at once.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Fixes every draw.")] = 0,
    target: Annotated[
        str,
        typer.Option(metavar="SHARES", help="Accuracies to reach, as 0.9,0.95; default 0.95."),
    ] = "0.95",
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write the curve as a page there.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the answers into the project, marked simulated.")
    ] = False,
    json: Json = False,
) -> None:
    """Let a truth file answer the review queue on a copy, and show what it buys."""
    from annotate.steps.simulate import simulate

    with opened(folder) as workspace, progress_bar() as progress:
        result = simulate(
            workspace,
            truth,
            budget=budget,
            queue=queue,
            batch=batch,
            seed=seed,
            targets=_shares(target),
            report=report,
            keep=keep,
            progress=progress,
        )
    if json:
        print_json(result)
        return
    print_table(
        ("answers", "coverage", "accuracy of labels", "accuracy of all"),
        [(p["answers"], p["coverage"], p["accuracy"], p["accuracy_all"]) for p in result.points],
    )
    print_table(
        ("accuracy of all", "answers to reach it"),
        [(goal["target"], goal["answers"]) for goal in result.reached],
    )
    print_table(
        ("stopping rule", "target", "stops after answers", "accuracy of all then"),
        [
            (stop["rule"], stop["target"], stop["answers"], stop["accuracy_all"])
            for stop in result.stops
        ],
    )
    if report is not None:
        print_lines(f"The curve is in {report}.")
    if result.kept:
        print_lines(f"The answers are kept in {folder} as simulated decisions.")


def _shares(text: str) -> list[float]:
    from annotate.errors import ConfigError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(
            f"--target must be shares with commas between, as 0.9,0.95; got {text!r}."
        ) from error
