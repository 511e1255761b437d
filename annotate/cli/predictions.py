"""`annotate predictions`: your own model's probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table, progress_bar

NAME = "predictions"
MOST_GROUPS = 40
THE_ANSWER_IS_NO = 3
app = typer.Typer(
    help="Predictions: import, export and list them, find where they differ, group by what two say,"
    " replace a costly one.",
    no_args_is_help=True,
)


class PairVariant(StrEnum):
    """Which pairs of classes are one group."""

    full = "full"
    binary = "binary"
    diagonal_plus = "diagonal_plus"
    merged = "merged"


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
        one_class = workspace.schema.task == "single"
    if json:
        print_json(report)
        return
    print_lines(
        f"{report.teacher}: {report.n_answered:,} of {report.n_items:,} items have an answer.",
        f"{report.n_unknown_ids:,} rows have ids that are not items here and were left out."
        if report.n_unknown_ids else None,
        f"Columns left out: {', '.join(report.ignored_columns)}."
        if report.ignored_columns else None,
        f"Next: annotate train {folder} --teacher {report.teacher}" if one_class
        else f"Next: annotate predictions export {folder} F.parquet",
    )  # fmt: skip


@app.command("export")
def export_command(
    folder: ProjectDir,
    out: Annotated[Path, typer.Argument(metavar="F", help="A new file, .csv or .parquet.")],
    teacher: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose prediction; default that in force.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the probability of each class for each item, by id."""
    from annotate.steps.export_predictions import export_predictions

    with opened(folder) as workspace:
        report = export_predictions(workspace, out, teacher=teacher)
    if json:
        print_json(report)
        return
    print_lines(
        f"Wrote {report.destination}: what {report.teacher} says of {report.n_items:,} items and"
        f" {len(report.classes):,} classes."
    )


@app.command("disagreement")
def disagreement_command(
    folder: ProjectDir,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="Items to list.")] = 20,
    json: Json = False,
) -> None:
    """Show the items on which teachers differ most."""
    from annotate.steps.disagreement import measure_disagreement

    with opened(folder) as workspace:
        report = measure_disagreement(workspace, limit=limit)
    if json:
        print_json(report)
        return
    print_lines(
        f"{', '.join(report.teachers)}: on {report.n_different:,} of {report.n_items:,} items they"
        f" name different classes; mean divergence {report.mean_divergence:.3f}."
    )
    print_table(
        ("item", "divergence", "what they say"),
        [
            (
                own.item_id, f"{own.divergence:.3f}",
                "; ".join(f"{who}: {what}" for who, what in own.said.items()),
            )
            for own in report.items
        ],
    )  # fmt: skip


@app.command("pairs")
def pairs_command(
    folder: ProjectDir,
    weak: Annotated[str, typer.Argument(help="A teacher, such as labels imported as one.")],
    teacher: Annotated[str, typer.Argument(help="Another teacher.")],
    variant: Annotated[
        PairVariant, typer.Option(help="Which pairs of classes are one group.")
    ] = PairVariant.full,
    smallest: Annotated[
        int, typer.Option(metavar="N", min=1, help="Leave out groups of fewer items.")
    ] = 10,
    apart: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1,
            help="Groups where the two differ, for diagonal_plus and merged; default: classes.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="F", help="A new CSV file: the group of each item.")
    ] = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Group items by the pair of classes that two teachers give them, to be looked at together."""
    from annotate.steps.pair_groups import group_by_pairs

    with opened(folder) as workspace:
        report = group_by_pairs(
            workspace, weak, teacher, variant.value, n_min=smallest, n_apart=apart, out=out
        )  # fmt: skip
    if json:
        print_json(report)
        return
    print_table(
        ("weak", "teacher", "items", "open", "answered", "weak right", "teacher right"),
        [
            (
                _listed(weak for weak, _ in group.pairs), _listed(own for _, own in group.pairs),
                group.n_items, group.n_open, group.n_judged, group.n_first_right,
                group.n_second_right,
            )
            for group in report.groups[:MOST_GROUPS]
        ],
        title=f"{report.weak} (weak) and {report.teacher}",
    )  # fmt: skip
    print_lines(
        f"{len(report.groups):,} of {report.n_found:,} groups have {smallest:,} items or more;"
        f" the others hold {report.n_left_out:,} of {report.n_items:,} items.",
        f"--json gives all, --out each item's; shown are {MOST_GROUPS}."
        if len(report.groups) > MOST_GROUPS else None,
    )  # fmt: skip


def _listed(names: Iterable[str]) -> str:
    """Return the names, each once, the fourth and later ones as a number."""
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - 3:,} more" if len(different) > 3 else ""
    return ", ".join(different[:3]) + more


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


@app.command("hand-over")
def hand_over_command(
    folder: ProjectDir,
    costly: Annotated[str, typer.Argument(help="The teacher that costs.")],
    cheap: Annotated[
        str, typer.Argument(help="The one that is to take over; student: that of the rounds.")
    ] = "student",
    rounds: Annotated[int, typer.Option(help="Predictions in a row that must be good enough.")] = 3,
    keep: Annotated[
        float, typer.Option(help="Share of items, at least, on which nothing is lost, 0 to 1.")
    ] = 0.95,
    json: Json = False,
) -> None:
    """Say whether a cheap teacher may take over; exits 3 unless held-back labels show it."""
    from annotate.steps.hand_over import hand_over

    with opened(folder) as workspace:
        report = hand_over(workspace, costly, cheap, n_rounds=rounds, least_kept=keep)
    if json:
        print_json(report)
    else:
        print_table(
            ("measured", "costly right", "cheap right", "nothing lost", "at least"),
            [
                (r.n_measured, r.n_right_costly, r.n_right_cheap, r.n_kept, r.kept_low)
                for r in report.rounds
            ],
            title=f"{report.cheap} in place of {report.costly}, oldest first",
        )
        said = {
            "yes": "may take over",
            "no": "may not take over: it loses too much",
            "not shown": "has not shown yet that it may take over",
        }
        print_lines(
            f"{report.cheap} {said[report.verdict]} ({report.n_rounds_asked} predictions in a row,"
            f" nothing lost on {report.least_kept:.0%} of the items with 95 % confidence).",
            f"They differ on {report.n_differ:,} of {report.n_items:,} items:"
            " those are for people, or still for the costly one.",
        )
    if report.verdict != "yes":
        raise typer.Exit(THE_ANSWER_IS_NO)
