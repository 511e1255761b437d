"""`annotate train`: rounds of self-training."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, Selectors, opened
from annotate.cli.output import print_json, print_lines, print_table, print_warnings, progress_bar

if TYPE_CHECKING:
    from annotate.steps.train import TrainReport

NAME = "train"


def command(
    folder: ProjectDir,
    rounds: Annotated[
        int | None, typer.Option(min=0, help="Rounds to run at most; default 10.")
    ] = None,
    selector: Selectors = None,
    student: Annotated[
        str | None, typer.Option(metavar="NAME", help="What each round trains.")
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Start anew from this teacher instead of the last round."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Default is annotate.toml's.")] = None,
    json: Json = False,
) -> None:
    """Run rounds: select pseudo-labels, train a student, predict, again; a killed run goes on."""
    from annotate.compute.processes import joined_processes
    from annotate.steps.fit_encoder import help_training, helped_by
    from annotate.steps.train import train

    with joined_processes() as processes:
        if processes.rank > 0:
            help_training(partial(opened, folder))
            return
        with helped_by(processes), opened(folder) as workspace, progress_bar() as progress:
            report = train(
                workspace,
                n_rounds=rounds,
                selectors=selector,
                student=student,
                teacher=teacher,
                seed=seed,
                progress=progress,
            )
    print_warnings(
        f"round {r['round_no']}: {told}" for r in report.rounds for told in r.get("warnings", ())
    )
    if json:
        print_json(report)
        return
    _print_report(report, str(folder))


def _print_report(report: TrainReport, folder: str) -> None:
    print_table(
        ("round", "given labels", "pseudo-labels", "changed class", "held-back right"),
        [
            (
                r["round_no"],
                r["n_given"],
                r["n_pseudo"],
                r["n_flipped"],
                r["measured"]["accuracy"] if r["measured"] else None,
            )
            for r in report.rounds
        ],
    )
    print_lines(
        f"Stopped: {report.stop_reason}. The labels of round {report.head_round} stand.",
        f"Report: {report.report}",
    )
    if report.measured_on == 0:
        print_lines(
            "Nothing checks these rounds: no gold is held back."
            f" {report.spot_check_asked} random items wait in the review queue, every fifth one;"
            f" answer them (annotate review {folder}), then `annotate rounds list {folder}` says"
            " whether the rounds helped."
        )
