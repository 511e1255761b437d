"""`annotate status`: where a project stands."""

from __future__ import annotations

from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import format_counts, print_json, print_lines

NAME = "status"


def command(
    folder: ProjectDir,
    target: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Labels that must be right before you may stop: 0.95."),
    ] = 0.95,
    json: Json = False,
) -> None:
    """Show where the project stands and what to do next."""
    from annotate.steps.status import read_status

    with opened(folder) as workspace:
        status = read_status(workspace, target=target)
    if json:
        print_json(status)
        return
    by_source = {k: v for k, v in status.labels_by_source.items() if k != "none"}
    n_labelled = sum(by_source.values())
    print_lines(
        f"{status.folder}: {status.n_items:,} {status.modality} items,"
        f" {len(status.classes)} classes (schema version {status.schema_version})",
        f"inputs      {format_counts({k: v for k, v in status.inputs.items() if k != 'seen'})}"
        f" of {status.inputs['seen']:,} seen",
        f"quarantine  {format_counts(status.quarantine)}" if status.quarantine else None,
        *(f"features    {f['encoder_id']}: {f['n_items']:,} x {f['dim']}" for f in status.features),
        *(f"teacher     {p['teacher']}: {p['n_items']:,} items" for p in status.predictions),
        f"rounds      {status.n_rounds}, head is round {status.head_round}"
        if status.n_rounds else None,
        f"unfinished  `{status.unfinished_run.replace('DIR', status.folder)}` goes on, if killed"
        if status.unfinished_run else None,
        f"labels      {n_labelled:,} of {status.n_items:,} items ({format_counts(by_source)})",
        f"masks       {format_counts(status.masks)}" if any(status.masks.values()) else None,
        f"decisions   {status.n_decisions:,}, {status.n_conflicts:,} items in conflict",
        f"spot check  {status.n_spot_check_open:,} items wait for an answer"
        if status.n_spot_check_open else None,
        *(f"stop?       {advice.rule}: {advice.sentence}" for advice in status.stopping),
        f"next        {status.next_step.replace('DIR', status.folder)}",
    )  # fmt: skip
