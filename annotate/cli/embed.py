"""`annotate embed`: features of every item."""

from __future__ import annotations

from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, progress_bar

NAME = "embed"


def command(
    folder: ProjectDir,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="open_clip:MODEL/TAG, open_clip:MODEL@FILE.safetensors, open_clip:FOLDER,"
            " sentence:NAME, pixels, hashing.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Encode every item that the feature cache lacks; goes on where it stopped."""
    from annotate.steps.embed import embed
    from annotate.steps.status import step_to_predict

    with opened(folder) as workspace, progress_bar() as progress:
        report = embed(workspace, encoder, progress=progress)
        next_step = step_to_predict(workspace).replace("DIR", str(folder))
    if json:
        print_json(report)
        return
    first = next(iter(report.failures.items()), None)
    print_lines(
        f"{report.encoder}: {report.n_items:,} items have features of {report.dim} numbers"
        f" ({report.n_embedded:,} encoded now).",
        f"{len(report.failures):,} could not be opened any more and have none, e.g. {first[0]}:"
        f" {first[1]}" if first else None,
        f"Next: {next_step}",
    )  # fmt: skip
