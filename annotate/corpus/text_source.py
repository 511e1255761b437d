"""A table of texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from annotate.corpus.cells import read_text
from annotate.corpus.columns import split_columns
from annotate.corpus.records import Record, Rejected, outcome_of
from annotate.corpus.regular_file import RejectedInputError
from annotate.corpus.table_source import Row, TableSource

LONG_TEXT_CHARS = 100_000


class TextSource(TableSource):
    """Rows of text; several columns are joined with one space."""

    def read(self, start: int = 0) -> Iterator[Record | Rejected]:
        """Yield one record or rejection for each row, from number ``start``."""
        names = split_columns("text", self.columns["text"], self.table)
        file_notes = self.file_notes()
        outcome = outcome_of(file_notes)
        for row in self.rows(start):
            if isinstance(row, Rejected):
                yield row
                continue
            try:
                text = _join(row, names)
            except RejectedInputError as error:
                yield Rejected(row.input_no, row.item_id, error.code, error.detail)
                continue
            is_long = len(text) > LONG_TEXT_CHARS
            yield Record(
                row.input_no,
                row.item_id,
                hashlib.sha256(text.encode()).hexdigest(),
                "flagged" if is_long else outcome,
                (*file_notes, "flag:long") if is_long else file_notes,
                text=text,
                label=row.label,
                group=row.group,
            )


def _join(row: Row, names: list[str]) -> str:
    parts = [read_text(cell, name) for cell, name in zip(row.content, names, strict=True)]
    text = parts[0] if len(parts) == 1 else " ".join(part for part in parts if part)
    if not text or text.isspace():
        raise RejectedInputError("empty", "no text, or only spaces")
    return text
