"""`annotate add`: bring a corpus in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import format_counts, print_json, print_lines, print_table, progress_bar

if TYPE_CHECKING:
    from annotate.steps.add import AddReport

NAME = "add"


def command(
    folder: ProjectDir,
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="Folders of images, or tables: CSV, JSONL, Parquet, .npy.",
        ),
    ],
    id_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of ids.")] = None,
    text_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of texts; several, as a,b, are joined."),
    ] = None,
    image_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of image paths or image bytes.")
    ] = None,
    label_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of gold labels; none is read unasked."),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of groups that must stay in one split."),
    ] = None,
    features: Annotated[
        Path | None, typer.Option(metavar="F.npy", help="Ready-made features, row = table row.")
    ] = None,
    labels_from_folders: Annotated[
        bool, typer.Option("--labels-from-folders", help="Class folders are gold labels.")
    ] = False,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Take symbolic links that stay in the source.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode images; default all cores.")
    ] = None,
    json: Json = False,
) -> None:
    """Add corpora; every input becomes an item or is quarantined with its reason."""
    from annotate.corpus.records import SourceOptions
    from annotate.steps.add import add

    reports = []
    with opened(folder) as workspace, progress_bar() as progress:
        options = SourceOptions(
            modality=workspace.modality,
            id_column=id_column,
            text_column=text_column,
            image_column=image_column,
            label_column=label_column,
            group_column=group_column,
            features=features,
            labels_from_folders=labels_from_folders,
            follow_links=follow_links,
            workers=workers,
        )
        for source in sources:
            reports.append(add(workspace, source, options, progress=progress))
    if json:
        print_json({"sources": [asdict(report) for report in reports]})
        return
    for report in reports:
        _print_report(report)


def _print_report(report: AddReport) -> None:
    from annotate.corpus.reasons import explain

    columns = ", ".join(
        f"{role} from column {name!r}" for role, name in report.columns.items() if name
    )
    already = " (was added before; nothing changed)" if report.already_added else ""
    print_lines(
        f"{report.source}: {report.seen:,} inputs, {report.new_items:,} new items{already}",
        f"  {columns}" if columns else None,
        f"  {report.ok:,} ok, {report.normalised:,} normalised, {report.flagged:,} flagged,"
        f" {report.quarantined:,} quarantined",
    )
    if report.notes:
        rows = [(n, code, explain(code)) for code, n in report.notes.items()]
        print_table(("inputs", "code", "what it means"), rows)
    print_lines(
        f"  Passed over, as no inputs by their names: {format_counts(report.passed_over)}"
        if report.passed_over else None,
        *(f"  {hint}" for hint in report.hints),
    )  # fmt: skip
