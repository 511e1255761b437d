"""CSV and TSV, as RFC 4180 has it: comma (tab in .tsv), double quotes, one header line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from annotate.corpus.encoding import check_encoding
from annotate.corpus.lines import MAX_LINE_CHARS, Lines, LineTooLongError
from annotate.corpus.table import BadRow, TextTable, check_columns
from annotate.errors import SourceError


class CsvTable(TextTable):
    """A CSV file whose encoding, header and quotes have been checked."""

    def rows(self, columns: Sequence[str], start: int) -> Iterator[tuple[Any, ...] | BadRow]:
        """Yield the cells of ``columns`` for each data row from number ``start``."""
        wanted = [self.columns.index(name) for name in columns]
        for number, row in enumerate(_read_rows(self.path, self.codec)):
            if number <= start:  # number 0 is the header
                continue
            yield row if isinstance(row, BadRow) else tuple([row[i] for i in wanted])


def open_csv(path: Path) -> CsvTable:
    """Check a CSV file from end to end.

    Raises
    ------
    SourceError
        For an empty file, a wrong encoding, a damaged or doubled header, or a quote that is never
        closed, with the line where its row starts.
    """
    encoding = check_encoding(path)
    rows = _read_rows(path, encoding.codec)
    header = next(rows, None)
    if header is None or isinstance(header, BadRow):
        raise SourceError(
            f"A table must start with a line of column names; {path} does not"
            f" ({header.detail if header else 'only blank lines'})."
        )
    check_columns(path, header)
    n_rows = sum(1 for _ in rows)
    return CsvTable(path, tuple(header), n_rows, encoding.notes, codec=encoding.codec)


def _read_rows(path: Path, codec: str) -> Iterator[list[str] | BadRow]:
    """Yield the header and then every row that is not blank."""
    # The module's own limit of 131,072 characters is for the whole process; ours is the line's.
    csv.field_size_limit(MAX_LINE_CHARS)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding=codec, newline="") as file:
        lines = Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        width = None
        while True:
            lines.saw_nul = False
            first_line = lines.line_no + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except (csv.Error, LineTooLongError) as error:
                yield _bad_row(path, first_line, lines.line_no, error)
                continue
            if not row:
                continue
            if lines.saw_nul:
                yield BadRow(f"line {first_line:,}: a NUL character")
            elif width is not None and len(row) != width:
                yield BadRow(f"line {first_line:,}: {len(row):,} cells under {width:,} columns")
            else:
                width = len(row)
                yield row


def _bad_row(path: Path, first_line: int, last_line: int, error: Exception) -> BadRow:
    at_end = "unexpected end of data" in str(error)
    too_long = isinstance(error, LineTooLongError) or "field larger than" in str(error)
    if at_end or (too_long and last_line > first_line):
        # Reading on inside an open quote would take text for rows.
        raise SourceError(
            f"Every quote must be closed; in {path} the row that starts on line {first_line:,}"
            " opens one that is not. Close it, or double quotes inside a quoted cell."
        )
    where = f"line {first_line:,}"
    if last_line > first_line:
        where = f"lines {first_line:,} to {last_line:,}"
    if too_long:
        return BadRow(f"{where}: a line above {MAX_LINE_CHARS:,} characters")
    return BadRow(f"{where}: {error}")
