"""`annotate run`: a recipe from start to end."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import Json
from annotate.cli.output import progress_bar
from annotate.errors import ConfigError, UnknownNameError

NAME = "run"


def command(
    recipe_name: Annotated[str, typer.Argument(metavar="RECIPE", help="e.g. self_train_texts.")],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="Where the recipe works; some have a place of their own."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting of the recipe; may be repeated."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Run a recipe from start to end in a folder of its own."""
    from pydantic import TypeAdapter, ValidationError

    from annotate.cli.recipes import load_recipe

    recipe = load_recipe(recipe_name)
    names = [field.name for field in fields(recipe.Settings) if field.name != "folder"]
    values: dict[str, object] = {} if folder is None else {"folder": folder}
    for entry in settings or []:
        key, equals, value = entry.partition("=")
        if not equals:
            raise ConfigError(
                f"--set must be KEY=VALUE; got {entry!r}. Settings: {', '.join(names)}."
            )
        if key not in names:
            raise UnknownNameError("setting", key, names)
        values[key] = value
    try:
        chosen = TypeAdapter(recipe.Settings).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "missing" and place == "folder":
            raise ConfigError(
                f"The recipe {recipe_name} needs a folder to work in; none was given."
                f" Run `annotate run {recipe_name} DIR`."
            ) from None
        if first["type"] == "missing":
            raise ConfigError(
                f"The recipe {recipe_name} needs the setting '{place}'; it was not given."
                f" Add --set {place}=VALUE."
            ) from None
        raise ConfigError(
            f"Setting '{place}' of {recipe_name}: {first['msg'].lower()}; got {first['input']!r}."
            f" Settings: {', '.join(names)}."
        ) from None
    with progress_bar() as progress:
        result = recipe.run(chosen, progress=progress)
    recipe.show(result, as_json=json)
