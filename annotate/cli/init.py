"""`annotate init`: make an empty project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir
from annotate.cli.output import print_json, print_lines
from annotate.errors import ConfigError

if TYPE_CHECKING:
    from annotate.schema import ClassSpec

NAME = "init"
TASKS = ("single", "multi")
MODALITIES = ("image", "text", "features")


def command(
    folder: ProjectDir,
    classes: Annotated[
        str | None, typer.Option(help="Class names, separated by commas.", metavar="A,B,C")
    ] = None,
    classes_file: Annotated[
        Path | None,
        typer.Option(help="Class names, one a line; what follows a tab is a prompt.", metavar="F"),
    ] = None,
    task: Annotated[
        str, typer.Option(help="single: one class an item; multi: any number.")
    ] = "single",
    modality: Annotated[str, typer.Option(help="image, text or features.")] = "image",
    json: Json = False,
) -> None:
    """Make an empty project for a list of classes."""
    from annotate.steps.workspace import create_workspace

    specs = _class_specs(classes, classes_file)
    if task not in TASKS:
        raise ConfigError(f"--task must be single or multi; got {task!r}.")
    if modality not in MODALITIES:
        raise ConfigError(f"--modality must be image, text or features; got {modality!r}.")
    workspace = create_workspace(folder, specs, task=task, modality=modality)  # type: ignore[arg-type]
    workspace.close()
    if json:
        print_json({"folder": str(folder), "n_classes": len(specs), "modality": modality})
        return
    print_lines(
        f"Made {folder}: {len(specs)} classes, for {modality}s." if modality != "features"
        else f"Made {folder}: {len(specs)} classes, for ready-made features.",
        f"Next: annotate add {folder} SOURCE",
    )  # fmt: skip


def _class_specs(classes: str | None, classes_file: Path | None) -> tuple[ClassSpec, ...]:
    from annotate.schema import ClassSpec

    if (classes is None) == (classes_file is None):
        raise ConfigError(
            "A project needs its classes; give either --classes a,b,c or --classes-file F."
        )
    if classes is not None:
        return tuple(ClassSpec(0, name.strip()) for name in classes.split(","))
    assert classes_file is not None
    try:
        lines = classes_file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"--classes-file must be a UTF-8 text file; {classes_file} is not ({why})."
            " Write one class a line."
        ) from None
    fields = [line.split("\t") for line in lines if line.strip()]
    return tuple(ClassSpec(0, name, tuple(prompts)) for name, *prompts in fields)
