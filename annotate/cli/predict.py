"""`annotate predict`: one teacher's probabilities over the corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table, progress_bar

if TYPE_CHECKING:
    from annotate.steps.predict import PredictReport

NAME = "predict"


def command(
    folder: ProjectDir,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="zero_shot, probe, propagation, label_model, imported:NAME, ..."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Let a teacher give every item class probabilities."""
    from annotate.steps.predict import predict

    with opened(folder) as workspace, progress_bar() as progress:
        report = predict(workspace, teacher, progress=progress)
        several = workspace.schema.task == "multi"
    if json:
        print_json(report)
        return
    print_prediction(report)
    print_lines(
        f"Next: annotate predictions export {folder} OUT.parquet" if several
        else f"Next: annotate select {folder}, then annotate train {folder}"
    )  # fmt: skip


def print_prediction(report: PredictReport) -> None:
    """Print what a teacher predicted, class by class."""
    print_lines(
        f"{report.teacher} answered {report.n_answered:,} of {report.n_items:,} items,"
        f" mean confidence {report.mean_confidence:.1%}."
    )
    shares = sorted(report.class_shares.items(), key=lambda pair: -pair[1])
    print_table(("class", "share"), shares[:20])
    if len(shares) > 20:
        print_lines(f"... and {len(shares) - 20} more classes")
    if report.expert_weights:
        weights = [(name, f"{weight:.3f}") for name, weight in report.expert_weights.items()]
        print_table(("expert", "weight"), weights)
