"""Ready-made features as the corpus itself: nothing but vectors, with or without a table of ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import numpy as np

from annotate.corpus.records import Record, Rejected, outcome_of
from annotate.corpus.table import BadRow
from annotate.corpus.table_source import TableSource

BATCH_ROWS = 1024


@dataclass
class NumberedRows:
    """The table that a bare ``.npy`` file comes with: rows without columns."""

    path: Path
    n_rows: int
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def rows(self, columns: Sequence[str], start: int) -> Iterator[tuple[Any, ...] | BadRow]:
        """Yield an empty row for each row from number ``start``."""
        return repeat((), self.n_rows - start)

    def refusal(self, role: str, column: str) -> str | None:
        """Return None: there is no column to refuse."""
        return None

    def holds_bytes(self, column: str) -> bool:
        """Return False."""
        return False


class FeatureSource(TableSource):
    """Rows of features; the content of a row is its float32 bytes."""

    def read(self, start: int = 0) -> Iterator[Record | Rejected]:
        """Yield one record or rejection for each row, from number ``start``."""
        notes = self.file_notes()
        outcome = outcome_of(notes)
        rows = self.rows(start)
        while batch := list(islice(rows, BATCH_ROWS)):
            accepted = [row.input_no for row in batch if not isinstance(row, Rejected)]
            vectors = iter(self.features(np.array(accepted, dtype=np.int64)).astype("<f4"))
            for row in batch:
                if isinstance(row, Rejected):
                    yield row
                    continue
                digest = hashlib.sha256(next(vectors).tobytes()).hexdigest()
                yield Record(
                    row.input_no,
                    row.item_id,
                    digest,
                    outcome,
                    notes,
                    label=row.label,
                    group=row.group,
                )
