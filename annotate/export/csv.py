"""Comma-separated values, verbatim or safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.export.columns import COLUMNS, row_as_cells
from annotate.protocols import ExportRow

# A spreadsheet may drop these before it looks at the first character of a cell.
_SKIPPED_BEFORE_A_FORMULA = " \"'\ufeff\u00a0\u3000"
_STARTS_A_FORMULA = tuple("=+-@\t\r\n")


@dataclass(frozen=True, kw_only=True)
class CsvExporter:
    """Write ``labels.csv`` (RFC 4180, UTF-8).

    Attributes
    ----------
    excel_safe : bool
        Put ``'`` before each text that a spreadsheet would run as a formula, and a byte-order mark
        before the file, without which Excel misreads UTF-8. This changes values: the file is for
        looking at; Parquet and JSONL keep what came in.
    """

    excel_safe: bool = False

    def write(self, rows: Iterable[ExportRow], destination: Path) -> None:
        """Write ``rows`` into the folder ``destination``."""
        encoding = "utf-8-sig" if self.excel_safe else "utf-8"
        with open(destination / "labels.csv", "w", encoding=encoding, newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in rows:
                cells = row_as_cells(row)
                writer.writerow(map(disarm_formula, cells) if self.excel_safe else cells)


def disarm_formula(cell: Any) -> Any:
    """Return ``cell``, with ``'`` in front when it is a text that a spreadsheet would run.

    Full-width forms count, and so does a formula behind spaces, quotes or a byte-order mark: some
    programs drop them first.
    """
    if not isinstance(cell, str):
        return cell
    start = unicodedata.normalize("NFKC", cell.lstrip(_SKIPPED_BEFORE_A_FORMULA)[:1])
    return f"'{cell}" if start.startswith(_STARTS_A_FORMULA) else cell
