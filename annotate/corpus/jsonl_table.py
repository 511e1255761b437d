"""JSON lines: one object a line, in strict JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from annotate.corpus.encoding import check_encoding
from annotate.corpus.lines import MAX_LINE_CHARS, Lines, LineTooLongError
from annotate.corpus.table import BadRow, TextTable, check_columns
from annotate.errors import SourceError

MAX_DEPTH = 64
# Objects looked at for field names: a field that no early object has cannot be a column.
SAMPLED_ROWS = 1000


class JsonlTable(TextTable):
    """A JSON-lines file whose encoding has been checked."""

    def rows(self, columns: Sequence[str], start: int) -> Iterator[tuple[Any, ...] | BadRow]:
        """Yield the values of ``columns``, None where a row lacks one, from row ``start``."""
        for number, (line_no, line) in enumerate(_read_lines(self.path, self.codec)):
            if number < start:
                continue
            row = _parse(line_no, line)
            yield row if isinstance(row, BadRow) else tuple([row.get(name) for name in columns])


def open_jsonl(path: Path) -> JsonlTable:
    """Check the encoding of a JSON-lines file and learn its field names.

    Raises
    ------
    SourceError
        For an empty file, a wrong encoding, or a file that is one JSON array.
    """
    encoding = check_encoding(path)
    names: dict[str, None] = {}
    n_rows = 0
    for line_no, line in _read_lines(path, encoding.codec):
        if n_rows == 0 and line is not None and line.lstrip().startswith("["):
            raise SourceError(
                f"JSONL must have one object a line; {path} is one JSON array."
                " Run `jq -c '.[]' FILE > FILE.jsonl`."
            )
        if n_rows < SAMPLED_ROWS:
            row = _parse(line_no, line)
            names.update({} if isinstance(row, BadRow) else dict.fromkeys(row))
        n_rows += 1
    if n_rows:
        check_columns(path, list(names))
    return JsonlTable(path, tuple(names), n_rows, encoding.notes, codec=encoding.codec)


def _read_lines(path: Path, codec: str) -> Iterator[tuple[int, str | None]]:
    """Yield (line number, line) for every line that is not blank; None for one above the cap."""
    with path.open(encoding=codec, newline="") as file:
        lines = Lines(file)
        while True:
            try:
                line = next(lines)
            except StopIteration:
                return
            except LineTooLongError:
                yield lines.line_no, None
                continue
            if not line.isspace():
                yield lines.line_no, line


def _parse(line_no: int, line: str | None) -> dict[str, Any] | BadRow:
    if line is None:
        return BadRow(f"line {line_no:,}: above {MAX_LINE_CHARS:,} characters")
    try:
        row = _DECODER.decode(line)
    except RecursionError:
        return BadRow(f"line {line_no:,}: nested deeper than {MAX_DEPTH}")
    except ValueError as error:
        # JSON's own errors, ours below, and Python's refusal of enormous whole numbers.
        return BadRow(f"line {line_no:,}: {error}")
    if not isinstance(row, dict):
        return BadRow(f"line {line_no:,}: {type(row).__name__} where an object must be")
    if line.count("{") + line.count("[") > MAX_DEPTH and _depth(row) > MAX_DEPTH:
        return BadRow(f"line {line_no:,}: nested deeper than {MAX_DEPTH}")
    return row


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        nested = [v for v in level if isinstance(v, dict | list)]
        level = [c for v in nested for c in (v.values() if isinstance(v, dict) else v)]
    return depth


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key appears twice in one object")
    return row


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
