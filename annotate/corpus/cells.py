"""Turn the cells of a table row into ids, labels and texts, or say why they cannot be used."""

from __future__ import annotations

from typing import Any

from annotate.corpus.identity import id_problem
from annotate.corpus.regular_file import RejectedInputError


def read_text(value: Any, column: str) -> str:
    """Return a cell as text, "" where it is empty.

    Raises
    ------
    RejectedInputError
        With code ``row`` for a nested value, a NUL character, or half of a surrogate pair:
        PostgreSQL can store neither.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise RejectedInputError("row", f"column {column!r} holds a {type(value).__name__}")
    if "\0" in value:
        raise RejectedInputError("row", f"column {column!r} holds a NUL character")
    # Only such a character would fail to encode; ASCII is checked in no time.
    if not value.isascii() and any("\ud800" <= ch <= "\udfff" for ch in value):
        raise RejectedInputError("row", f"column {column!r} holds half of a surrogate pair")
    return value


def read_id(value: Any, column: str) -> str:
    """Return a cell as an id.

    Raises
    ------
    RejectedInputError
        With code ``row`` or ``id``.
    """
    item_id = read_text(value, column)
    problem = id_problem(item_id)
    if problem is not None:
        raise RejectedInputError("id", problem)
    return item_id
