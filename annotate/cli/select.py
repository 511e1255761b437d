"""`annotate select`: what a round would learn from."""

from __future__ import annotations

from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, Selectors, opened
from annotate.cli.output import (
    format_cell,
    print_json,
    print_lines,
    print_table,
    print_warnings,
    progress_bar,
)
from annotate.training.defaults import DEFAULT_ROUNDS

NAME = "select"


def command(
    folder: ProjectDir,
    selector: Selectors = None,
    round_no: Annotated[
        int, typer.Option("--round", min=1, help="Show this round of a growing selector.")
    ] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Out of so many.")] = DEFAULT_ROUNDS,
    json: Json = False,
) -> None:
    """Show what would be accepted, class by class, and why not the rest; nothing is stored."""
    from annotate.errors import ConfigError
    from annotate.steps.select import select

    if round_no > rounds:
        raise ConfigError(f"--round must be at most --rounds; got {round_no} of {rounds}.")
    with opened(folder) as workspace, progress_bar() as progress:
        report = select(workspace, selector, round_no=round_no, n_rounds=rounds, progress=progress)
    print_warnings(report.warnings)
    if json:
        print_json(report)
        return
    print_lines(
        f"{' + '.join(report.selectors)} on {report.teacher}, round {round_no} of {rounds}:"
        f" {report.n_accepted:,} of {report.n_considered:,} considered items accepted,"
        f" expected precision {format_cell(report.expected_precision)}"
        " (the teacher's own confidence)."
    )
    print_table(
        ("class", "accepted", "expected precision"),
        [(n, c["accepted"], c["expected_precision"]) for n, c in report.per_class.items()],
    )
    if report.rejected:
        print_table(("rejected", "why"), [(n, why) for why, n in report.rejected.items()])
    if len(report.votes) > 1:
        print_table(
            ("selector", "accepts by itself"),
            [(vote["selector"], vote["accepted"]) for vote in report.votes],
        )
