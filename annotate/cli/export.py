"""`annotate export`: the training set."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import format_counts, print_json, print_lines, progress_bar

NAME = "export"


class Only(StrEnum):
    """Whose labels to export."""

    human = "human"
    pseudo = "pseudo"


class Split(StrEnum):
    """Which part to export."""

    train = "train"
    validation = "validation"
    test = "test"


def command(
    folder: ProjectDir,
    destination: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    format_name: Annotated[
        str, typer.Option("--format", help="parquet, csv, jsonl, imagefolder or labelstudio.")
    ] = "parquet",
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out pseudo-labels below it.")
    ] = 0.0,
    only: Annotated[
        Only | None, typer.Option(help="human: answers and gold; pseudo: what models gave.")
    ] = None,
    split: Annotated[
        Split | None, typer.Option(help="One part; fixed by a hash of group, else of content.")
    ] = None,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="csv: disarm cells that Excel would run.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier export in OUT.")
    ] = False,
    json: Json = False,
) -> None:
    """Write labels with their lineage, a manifest and a dataset card; whole or not at all."""
    from annotate.errors import ConfigError
    from annotate.steps.export import export

    if excel_safe and format_name != "csv":
        raise ConfigError(f"--excel-safe is for --format csv; got {format_name}. Leave it out.")
    with opened(folder) as workspace, progress_bar() as progress:
        report = export(
            workspace,
            destination,
            format_name,
            min_confidence=min_confidence,
            only=only.value if only else None,
            split=split.value if split else None,
            excel_safe=excel_safe,
            overwrite=overwrite,
            progress=progress,
        )
    if json:
        print_json(report)
        return
    print_lines(
        f"Wrote {report.n_labels:,} labels to {report.destination} ({report.format}):"
        f" {format_counts(report.by_source)}; {format_counts(report.by_split)}.",
        f"How they were made: {destination / 'README.md'}."
        f" Check later: annotate verify {destination}",
    )
