"""`annotate items`: the items, and the inputs that did not become items."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, print_table, progress_bar

NAME = "items"
app = typer.Typer(
    help="Items: list, drop, find topics, and see what is in quarantine.", no_args_is_help=True
)


@app.command("list")
def list_command(
    folder: ProjectDir,
    start: Annotated[int, typer.Option(min=0, help="First item_no.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    json: Json = False,
) -> None:
    """List items in the order they came."""
    from annotate.steps.items import list_items

    with opened(folder) as workspace:
        items = list_items(workspace, start, limit)
        n_items = workspace.n_items()
    if json:
        print_json({"n_items": n_items, "items": items.to_dict("records")})
        return
    if n_items == 0:
        print_lines(f"No items yet. Next: annotate add {folder} SOURCE")
        return
    rows = [
        (row.item_no, row.item_id, row.outcome, ", ".join(json_module.loads(str(row.notes))),
         "dropped" if row.dropped_at_utc else "")
        for row in items.itertuples()
    ]  # fmt: skip
    print_table(("no", "id", "outcome", "notes", ""), rows)
    print_lines(f"{len(rows):,} of {n_items:,} items; --start and --limit show others.")


@app.command("drop")
def drop_command(
    folder: ProjectDir,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of items.")],
    json: Json = False,
) -> None:
    """Take items out of selection, review and export; their history stays."""
    from annotate.steps.items import drop

    with opened(folder) as workspace:
        n_dropped = drop(workspace, ids)
    if json:
        print_json({"n_dropped": n_dropped})
        return
    print_lines(f"Dropped {n_dropped:,} items.")


@app.command("quarantine")
def quarantine_command(folder: ProjectDir, json: Json = False) -> None:
    """List the inputs that did not become items, with the reason for each."""
    from annotate.steps.items import list_quarantine

    with opened(folder) as workspace:
        table = list_quarantine(workspace)
    if json:
        print_json({"quarantine": table.to_dict("records")})
        return
    rows = list(table[["source", "input_id", "code", "detail"]].itertuples(index=False, name=None))
    if rows:
        print_table(("source", "input", "code", "detail"), rows)
    print_lines(f"{len(rows):,} inputs are in quarantine.")


@app.command("topics")
def topics_command(
    folder: ProjectDir,
    topics: Annotated[int, typer.Option(min=2, help="How many topics.")] = 20,
    out: Annotated[
        Path | None, typer.Option(metavar="F", help="A new CSV file: the topic of each item.")
    ] = None,
    json: Json = False,
) -> None:
    """Group texts that use the same words, to be looked at and labelled together."""
    from annotate.steps.topics import find_item_topics

    with opened(folder) as workspace, progress_bar() as progress:
        report = find_item_topics(workspace, topics, out=out, progress=progress)
    if json:
        print_json(report)
        return
    rows = [(group.n_items, group.n_sure, " ".join(group.words)) for group in report.groups]
    print_table(("items", "sure", "words"), rows)
    print_lines(
        f"{report.n_items:,} items; {report.n_without:,} have none of the words that count."
        " Sure: in the half that is surest of its topic."
    )
