"""`annotate rounds`: look at rounds, compare them, go back."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import format_cell, print_json, print_lines, print_table

if TYPE_CHECKING:
    from annotate.quality.spot_check import SpotCheck

NAME = "rounds"
app = typer.Typer(help="Rounds: list them, compare two, go back to one.", no_args_is_help=True)


@app.command("list")
def list_command(folder: ProjectDir, json: Json = False) -> None:
    """List every round, measured on held-back labels where there are any."""
    from annotate.steps.rounds import list_all_rounds

    with opened(folder) as workspace:
        report = list_all_rounds(workspace)
    if json:
        print_json(report)
        return
    if not report.rounds:
        print_lines(f"No rounds yet. Next: annotate train {folder}")
        return
    rows = [
        (
            f"{r['round_no']}{' (head)' if r['is_head'] else ''}",
            "-" if r["parent"] is None else str(r["parent"]),
            r["n_given"],
            r["n_pseudo"],
            r["n_flipped"],
            r["measured"]["accuracy"] if r["measured"] else None,
        )
        for r in report.rounds
    ]
    print_table(
        ("round", "from", "given", "pseudo-labels", "changed class", "held-back right"), rows
    )
    # Sentences of their own: as a column they would break the table at 80 characters.
    print_lines(
        *tell_students(report.rounds),
        *(f"Round {r['round_no']}: {r['stop_reason']}." for r in report.rounds if r["stop_reason"]),
    )
    if report.spot_check is not None:
        print_lines(tell_spot_check(report.spot_check))


def tell_students(rounds: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for every stretch of rounds that trained alike."""
    trained = [r for r in rounds if r["student"] is not None]
    lines = []
    for (student, selectors), alike in groupby(
        trained, key=lambda r: (r["student"], " > ".join(r["selectors"]))
    ):
        numbers = [r["round_no"] for r in alike]
        which = f"Round {numbers[0]}" if len(numbers) == 1 else f"Rounds {numbers[0]}-{numbers[-1]}"
        lines.append(f"{which}: {student} on what {selectors} accepted.")
    return lines


@app.command("diff")
def diff_command(
    folder: ProjectDir,
    before: Annotated[int, typer.Argument(metavar="ROUND", min=0)],
    after: Annotated[int, typer.Argument(metavar="ROUND", min=0)],
    json: Json = False,
) -> None:
    """Show which classes turned into which between two rounds."""
    from annotate.steps.rounds import diff_rounds

    with opened(folder) as workspace:
        diff = diff_rounds(workspace, before, after)
    if json:
        print_json(diff)
        return
    share = diff.n_changed / max(diff.n_items, 1)
    print_lines(
        f"{diff.n_changed:,} of {diff.n_items:,} items ({format_cell(share)}) differ between"
        f" round {before} and round {after}."
    )
    rows = [(c["before"], c["after"], c["n"], ", ".join(c["examples"])) for c in diff.changes]
    print_table(("from", "to", "items", "e.g."), rows)


@app.command("revert")
def revert_command(
    folder: ProjectDir,
    round_no: Annotated[int, typer.Argument(metavar="ROUND", min=0)],
    json: Json = False,
) -> None:
    """Make the labels of another round stand; no round is deleted."""
    from annotate.steps.rounds import revert

    with opened(folder) as workspace:
        revert(workspace, round_no)
    if json:
        print_json({"head_round": round_no})
        return
    print_lines(f"The labels of round {round_no} stand; the next round goes on from it.")


def tell_spot_check(check: SpotCheck) -> str:
    """Return what a spot check says, in one sentence."""
    verdicts = {
        "helped": "the rounds helped.",
        "hurt": "the rounds hurt: go back with `annotate rounds revert`.",
        "unclear": "too close to call.",
    }
    return (
        f"Spot check, {check.n_answered} answers: {check.n_right_before} right before the rounds,"
        f" {check.n_right_after} after (p = {check.p_value:.3f}): {verdicts[check.verdict]}"
    )
