"""`annotate masks`: the class of every pixel, given for some pictures and drawn for the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import (
    format_counts,
    print_json,
    print_lines,
    print_table,
    print_warnings,
    progress_bar,
)

NAME = "masks"
MOST_REFUSED = 5  # that are told one by one; --json has all
app = typer.Typer(
    help="Masks: import those of some pictures, let a network draw the others, export all.",
    no_args_is_help=True,
)


@app.command("import")
def import_command(
    folder: ProjectDir,
    masks: Annotated[
        Path, typer.Argument(metavar="MASKS", help="A folder of PNG files, named like pictures.")
    ],
    json: Json = False,
) -> None:
    """Import masks: 8-bit PNG, a pixel's value is its class number, 255 is unknown."""
    from annotate.steps.import_masks import import_masks

    with opened(folder) as workspace, progress_bar() as progress:
        report = import_masks(workspace, masks, progress=progress)
    if json:
        print_json(report)
        return
    refused = list(report.refused.items())
    print_warnings(f"left out {name}: {why}" for name, why in refused[:MOST_REFUSED])
    if len(refused) > MOST_REFUSED:
        print_warnings([f"left out {len(refused) - MOST_REFUSED:,} more; --json lists them"])
    print_lines(
        f"{report.n_imported:,} masks imported of {report.n_files:,} files;"
        f" {report.n_already:,} were here already, {len(refused):,} are left out.",
        f"Of {report.n_given:,} given masks {report.n_held_back:,} are held back to measure.",
    )
    print_table(("class", "masks that hold it"), list(report.by_class.items()))


@app.command("train")
def train_command(
    folder: ProjectDir,
    method: Annotated[
        str | None, typer.Option(help="momentum (default), supervised, fst or fst_d.")
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Pictures are seen as squares of it; default 64."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Of the training; default 2000.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Default is annotate.toml's.")] = None,
    json: Json = False,
) -> None:
    """Train a small network on given masks and draw all others; a killed run goes on."""
    from annotate.steps.train_masks import train_masks

    asked = {"method": method, "side_px": side, "n_steps": steps, "seed": seed}
    options = {name: value for name, value in asked.items() if value is not None}
    with opened(folder) as workspace, progress_bar() as progress:
        report = train_masks(workspace, progress=progress, **options)  # type: ignore[arg-type]
    if report.n_closed:
        print_warnings([f"{report.n_closed:,} pictures cannot be opened; they are passed over"])
    if json:
        print_json(report)
        return
    trained = "was trained" if report.is_new else "had learnt the same before"
    print_lines(
        f"Segmenter {report.segmenter_no} {trained} on {report.n_given:,} masks and has drawn"
        f" those of {report.n_drawn:,} other pictures."
    )
    if report.mean_iou is None:
        print_lines("Nothing measures it: of five masks or more, one in five is held back.")
        return
    print_lines(f"Mean IoU on {report.n_held_back:,} masks held back: {report.mean_iou:.1%}.")
    print_table(("class", "IoU"), [(name, value) for name, value in report.class_iou.items()])
    if report.better is not None:
        print_lines(
            f"Segmenter {report.better} does better on them, but the newest one's masks stand:"
            " train with its settings again, and its own do."
        )


@app.command("list")
def list_command(folder: ProjectDir, json: Json = False) -> None:
    """Say how many masks there are, who drew them, and how well each network does."""
    from annotate.steps.list_masks import list_masks

    with opened(folder) as workspace:
        report = list_masks(workspace)
    if json:
        print_json(report)
        return
    print_lines(
        f"{report.n_given:,} masks were given, {report.n_held_back:,} of them held back;"
        f" {report.n_drawn:,} are drawn; {report.n_without:,} pictures have none.",
        "Pixel values: " + ", ".join(f"{no} {name}" for no, name in report.classes.items()) + ".",
    )
    if report.segmenters:
        print_table(
            ("segmenter", "method", "px", "steps", "seed", "mean IoU", "on masks", "that stand"),
            [
                (
                    s["segmenter_no"], s["method"], s["side_px"], s["n_steps"], s["seed"],
                    s["mean_iou"], "of now" if s["is_current"] else "of before", s["n_standing"],
                )
                for s in report.segmenters
            ],
        )  # fmt: skip


@app.command("export")
def export_command(
    folder: ProjectDir,
    destination: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    format_name: Annotated[str, typer.Option("--format", help="png or coco.")] = "png",
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out drawn masks below it.")
    ] = 0.0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier export in OUT.")
    ] = False,
    json: Json = False,
) -> None:
    """Write every mask beside its picture, with its lineage and a card; whole or not at all."""
    from annotate.steps.export_masks import export_masks

    with opened(folder) as workspace, progress_bar() as progress:
        report = export_masks(
            workspace,
            destination,
            format_name,
            min_confidence=min_confidence,
            overwrite=overwrite,
            progress=progress,
        )
    if json:
        print_json(report)
        return
    print_lines(
        f"Wrote {report.n_masks:,} masks to {report.destination} ({report.format}):"
        f" {format_counts(report.by_source)}; {format_counts(report.by_split)}."
        f" Not in it: {report.n_below:,} of lower confidence, {report.n_without:,} pictures without"
        " a mask.",
        f"How they were made: {destination / 'README.md'}."
        f" Check later: annotate verify {destination}",
    )
