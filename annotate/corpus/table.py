"""What the readers of CSV, JSONL and Parquet have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from annotate.errors import SourceError

MAX_COLUMNS = 10_000
MAX_ROWS = 100_000_000


class BadRow(NamedTuple):
    """A row that cannot be read, and why, with its line number where there are lines."""

    detail: str


class Table(Protocol):
    """Rows of named columns, read in order."""

    path: Path
    columns: tuple[str, ...]
    n_rows: int
    notes: tuple[str, ...]  # ``norm:`` notes that every row carries

    def rows(self, columns: Sequence[str], start: int) -> Iterator[tuple[Any, ...] | BadRow]:
        """Yield the cells of ``columns`` for each row from number ``start`` (from 0)."""
        ...

    def refusal(self, role: str, column: str) -> str | None:
        """Return why a column cannot serve as id, text, image, label or group, or None."""
        ...

    def holds_bytes(self, column: str) -> bool:
        """Return whether a column holds encoded pictures rather than paths."""
        ...


@dataclass
class TextTable:
    """The part of a table that CSV and JSONL share: no types, so any column may serve."""

    path: Path
    columns: tuple[str, ...]
    n_rows: int
    notes: tuple[str, ...]
    codec: str = field(default="utf-8", kw_only=True)

    def refusal(self, role: str, column: str) -> str | None:
        """Return None: text files state no types."""
        return None

    def holds_bytes(self, column: str) -> bool:
        """Return False: pictures in text files are paths."""
        return False


def check_columns(path: Path, columns: Sequence[str]) -> None:
    """Raise SourceError for no columns, too many, or two of one name."""
    if not columns:
        raise SourceError(f"A table must have columns; {path} has none.")
    if len(columns) > MAX_COLUMNS:
        raise SourceError(
            f"A table must have at most {MAX_COLUMNS:,} columns; {path} has {len(columns):,}."
            " Keep only the columns that are needed."
        )
    doubled = sorted(name for name, count in Counter(columns).items() if count > 1)
    if doubled:
        raise SourceError(
            f"Column names must differ; {path} has {', '.join(map(repr, doubled))} more than once."
            " Rename one of them."
        )
