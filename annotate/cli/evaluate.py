"""`annotate evaluate`: labels against a truth file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import format_cell, print_json, print_lines, print_table

if TYPE_CHECKING:
    from annotate.steps.evaluate import Evaluation

NAME = "evaluate"


def command(
    folder: ProjectDir,
    truth: Annotated[Path, typer.Option(metavar="F", help="CSV or Parquet with id and label.")],
    json: Json = False,
) -> None:
    """Compare the labels as they stand with the truth; nothing learns from it."""
    from annotate.steps.evaluate import evaluate

    with opened(folder) as workspace:
        result = evaluate(workspace, truth)
    if json:
        print_json(result)
        return
    print_evaluation(result)


def print_evaluation(result: Evaluation) -> None:
    """Print an evaluation for people."""
    unknown = f", {result.n_unknown_ids:,} of them not items here" if result.n_unknown_ids else ""
    print_lines(
        f"{result.n_truth:,} items have a known truth{unknown};"
        f" {result.n_labelled:,} have a label.",
        f"coverage              {format_cell(result.coverage)}",
        f"accuracy of labels    {format_cell(result.accuracy)}",
        f"accuracy of all       {format_cell(result.accuracy_all)}"
        "  (the last prediction where there is no label)",
        f"calibration error     {format_cell(result.ece)}",
    )
    sources = [(name, s["n"], s["accuracy"]) for name, s in result.by_source.items() if s["n"]]
    print_table(("source", "labels", "accuracy"), sources)
    classes = [
        (name, c["n_truth"], c["n_labelled"], c["accuracy"]) for name, c in result.per_class.items()
    ]
    print_table(("class", "truth", "labelled", "accuracy"), classes)
