"""``annotate.toml``: what people set. Written once by ``init``, then theirs to edit."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annotate.errors import ConfigError
from annotate.schema import ClassSpec


class ConfiguredClass(BaseModel):
    """One ``[[classes]]`` entry."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    prompts: tuple[str, ...] = ()
    description: str = ""


class Defaults(BaseModel):
    """``[defaults]``: what a step uses when its command does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    encoder: str | None = None
    teacher: str | None = None
    selectors: tuple[str, ...] | None = None
    student: str | None = None
    rounds: int | None = Field(default=None, ge=0, le=1000)
    seed: int = Field(default=0, ge=0)


class ProjectConfig(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    task: Literal["single", "multi"] = "single"
    modality: Literal["image", "text", "features"] = "image"
    store: Literal["sqlite"] = "sqlite"
    defaults: Defaults = Defaults()
    classes: tuple[ConfiguredClass, ...]

    def class_specs(self) -> tuple[ClassSpec, ...]:
        """Return the configured classes, numbered as listed."""
        return tuple(
            ClassSpec(number, c.name, c.prompts, c.description)
            for number, c in enumerate(self.classes)
        )


def read_config(path: Path) -> ProjectConfig:
    """Return the settings in the file.

    Raises
    ------
    ConfigError
        If it is missing, not TOML, or holds an unknown or impossible setting; names the place.
    """
    try:
        # Some editors put a byte order mark in front, which TOML does not know.
        return ProjectConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        raise ConfigError(
            f"A project must have {path.name}; there is none in {path.parent}."
            " Run `annotate init DIR --classes a,b,c`."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} must be readable; {error}. Mend its permissions.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} must be TOML in UTF-8; {error}. Mend that line.") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_mistake(error)}") from None


def config_text(config: ProjectConfig) -> str:
    """Return the file's first text, with a comment on what may be edited."""
    lines = [
        "# Settings of this annotate project, for you to edit: add classes, change prompts.",
        "# `annotate schema` renames, merges and retires. Never put a password into this file.",
        f"task = {_toml(config.task)}",
        f"modality = {_toml(config.modality)}",
        "",
        "[defaults]",
    ]
    for key, value in config.defaults.model_dump(exclude_none=True).items():
        lines.append(f"{key} = {_toml(value)}")
    for spec in config.classes:
        lines += ["", "[[classes]]", f"name = {_toml(spec.name)}"]
        if spec.prompts:
            lines.append(f"prompts = {_toml(spec.prompts)}")
        if spec.description:
            lines.append(f"description = {_toml(spec.description)}")
    return "\n".join(lines) + "\n"


def _first_mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"there is no setting '{place}'. Mend its name, or take it out."
    if first["type"] == "missing":
        return f"'{place}' must be given. Add it."
    return (
        f"'{place}' cannot stay as it is: {first['msg'].lower()};"
        f" got {first['input']!r}. Mend that setting."
    )


def _toml(value: object) -> str:
    # JSON strings, numbers and lists of them are TOML as they stand; DEL alone must be escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
