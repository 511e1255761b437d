"""Decide which column of a table plays which part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from annotate.corpus.records import SourceOptions
from annotate.corpus.table import Table
from annotate.errors import SourceError

_USUAL_NAMES: dict[str, frozenset[str]] = {
    "id": frozenset({"id", "_id", "item_id", "uid", "uuid", "guid"}),
    "text": frozenset(
        {"text", "sentence", "content", "review", "document", "body", "comment", "message"}
        | {"tweet", "utterance", "query", "question", "headline", "abstract"}
    ),
    "image": frozenset(
        {"image", "img", "picture", "photo", "jpeg", "jpg", "png", "image_bytes", "bytes"}
        | {"image_path", "img_path", "path", "filepath", "file_path"}
        | {"file", "filename", "file_name"}
    ),
    "label": frozenset({"label", "labels", "class", "category", "target", "label_name"}),
}


class Roles(NamedTuple):
    """Columns by role, the roles that were found by name, and hints for the user."""

    columns: dict[str, str]
    detected: tuple[str, ...]
    hints: tuple[str, ...]


def choose_columns(table: Table, options: SourceOptions) -> Roles:
    """Return the columns asked for, and those with a usual name for what was not.

    Raises
    ------
    SourceError
        For a column that does not exist or whose type does not fit, and where no column, or more
        than one, could be the content; the message lists the columns.
    """
    asked = {
        "id": options.id_column,
        "text": options.text_column if options.modality == "text" else None,
        "image": options.image_column if options.modality == "image" else None,
        "label": options.label_column,
        "group": options.group_column,
    }
    columns = {role: column for role, column in asked.items() if column is not None}
    detected: list[str] = []
    content = options.modality if options.modality != "features" else None
    if content is not None and content not in columns:
        columns[content] = _detect_content(table, content)
        detected.append(content)
    if "id" not in columns:
        found = [c for c in _usual(table, "id") if table.refusal("id", c) is None]
        if len(found) == 1:
            columns["id"] = found[0]
            detected.append("id")
    for role, column in columns.items():
        for name in split_columns(role, column, table):
            _check_column(table, role, name)
    hints: tuple[str, ...] = ()
    if "label" not in columns and (found := _usual(table, "label")):
        hints = (
            f"Column {found[0]!r} looks like labels and was not read;"
            f" give --label-column {found[0]} to use it as gold.",
        )
    return Roles(columns, tuple(detected), hints)


def split_columns(role: str, column: str, table: Table) -> list[str]:
    """Return the columns that a role is read from: text may list several with commas."""
    if role != "text" or column in table.columns:
        return [column]
    return [name.strip() for name in column.split(",")]


def _detect_content(table: Table, role: str) -> str:
    found = _usual(table, role)
    if role == "image" and len(with_bytes := [c for c in found if table.holds_bytes(c)]) == 1:
        return with_bytes[0]  # the path beside the bytes is where they came from
    if len(found) == 1:
        return found[0]
    if not found and len(table.columns) == 1:
        return table.columns[0]
    problem = f"could be any of {_listed(found)}" if found else "has no usual name"
    raise SourceError(
        f"One column of {table.path} must hold the {role}; it {problem}."
        f" Give --{role}-column; the columns are {_listed(table.columns)}."
    )


def _usual(table: Table, role: str) -> list[str]:
    return [name for name in table.columns if name.strip().lower() in _USUAL_NAMES[role]]


def _check_column(table: Table, role: str, name: str) -> None:
    if name not in table.columns:
        raise SourceError(
            f"The {role} column must be in {table.path}; it has no {name!r}."
            f" Its columns are {_listed(table.columns)}."
        )
    problem = table.refusal(role, name)
    if problem is not None:
        raise SourceError(
            f"Column {name!r} of {table.path} cannot be the {role}: {problem}."
            f" Convert it, or give another --{role}-column."
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:20])
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20:,} more"
