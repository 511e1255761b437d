"""The columns every table format shares, in the order of ``ExportRow``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

from annotate.protocols import ExportRow

COLUMNS = tuple(field.name for field in fields(ExportRow))

_values_of = attrgetter(*COLUMNS)
_EXTRA = COLUMNS.index("extra")


def row_as_json(row: ExportRow) -> dict[str, Any]:
    """Return column name to value, ``extra`` as an object."""
    return dict(zip(COLUMNS, _values_of(row), strict=True))


def row_as_cells(row: ExportRow) -> list[Any]:
    """Return the values in column order, ``extra`` as JSON text or None: a table cell is flat."""
    cells = list(_values_of(row))
    cells[_EXTRA] = dump_json(cells[_EXTRA]) if cells[_EXTRA] else None
    return cells


def dump_json(value: Mapping[str, Any]) -> str:
    """Return strict JSON on one line: no NaN, no escapes that hide other alphabets.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, which JSON cannot hold.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
