"""`annotate labels`: labels from outside, how far reviewers agree, which class comes next."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from annotate.steps.agreement import Confusion

NAME = "labels"
MOST_ROWS = 40  # of a table for people; --json has all
app = typer.Typer(
    help="Labels: import them, list conflicts, measure agreement, choose the next class.",
    no_args_is_help=True,
)


class LabelRole(StrEnum):
    """What imported labels are."""

    gold = "gold"
    human = "human"
    derived = "derived"


@app.command("import")
def import_command(
    folder: ProjectDir,
    path: Annotated[Path, typer.Argument(metavar="F", help="CSV or Parquet with id and label.")],
    role: Annotated[
        LabelRole,
        typer.Option(
            help="gold: truth, a fifth of it held back; human: answers; derived: given to groups."
        ),
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
    derived = ", or need none" if role is LabelRole.derived else ""
    print_lines(
        f"{report.n_imported:,} labels imported as {report.role} from {report.n_rows:,} rows;"
        f" {report.n_already:,} were here already{derived}.",
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


@app.command("next-class")
def next_class_command(
    folder: ProjectDir,
    metric: Annotated[
        str, typer.Argument(help="How far apart classes are: a CSV file, or text for their names.")
    ],
    json: Json = False,
) -> None:
    """Say which class without labels should get its first ones: the farthest from all others."""
    from annotate.steps.next_class import find_next_class

    with opened(folder) as workspace:
        report = find_next_class(workspace, metric)
    if json:
        print_json(report)
        return
    print_lines(
        f"{report.n_observed:,} of {report.n_classes:,} classes have labels that may train.",
        f"Next: {report.next_class}."
        if report.next_class
        else "Every class has labels or lies between classes that have.",
    )
    if report.distances:
        rows = [(name, f"{far:.4g}") for name, far in report.distances.items()]
        print_table(("class", "distance"), rows[:MOST_ROWS])


@app.command("agreement")
def agreement_command(folder: ProjectDir, json: Json = False) -> None:
    """Show how far reviewers agree, how right each may be, and what conflicts come down to."""
    from annotate.steps.agreement import MIN_SHARED_ITEMS, measure_agreement

    with opened(folder) as workspace:
        report = measure_agreement(workspace)
    if json:
        print_json(report)
        return
    if report.n_shared_items == 0:
        print_lines(
            f"No item has answers of two reviewers: {report.n_answers:,} answers to"
            f" {report.n_items:,} items."
        )
        return
    print_lines(
        f"{report.n_answers:,} answers; {report.n_shared_items:,} of {report.n_items:,} items have"
        " two or more.",
        f"Krippendorff's alpha: {_coefficient(report.alpha)} (1 full agreement, 0 chance)",
    )
    print_table(
        ("reviewer", "and", "items of both", "equal", "Cohen's kappa"),
        [
            (p.first, p.second, p.n_common, p.n_equal / p.n_common, _coefficient(p.kappa))
            for p in report.pairs[:MOST_ROWS]
        ],
    )
    if report.n_consensus_items == 0:
        print_lines(
            f"No consensus: it takes {MIN_SHARED_ITEMS} items with two answers or more that may"
            " train to tell how each reviewer errs."
        )
        return
    print_table(
        ("reviewer", "answers", "shared", "probably right", "most often gives"),
        [
            (r.reviewer, r.n_answers, r.n_shared, r.accuracy, _confusion(r.confusions))
            for r in sorted(report.reviewers, key=lambda r: -r.n_answers)[:MOST_ROWS]
        ],
        title=f"By the consensus over {report.n_consensus_items:,} items",
    )
    if report.conflicts:
        print_table(
            ("item in conflict", "probably", "probability"),
            [(c.item_id, c.label, c.probability) for c in report.conflicts[:MOST_ROWS]],
        )


def _coefficient(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _confusion(confusions: tuple[Confusion, ...]) -> str | None:
    if not confusions:
        return None
    most = confusions[0]
    return f"{most.given} for {most.instead_of} ({most.n_expected:.0f})"
