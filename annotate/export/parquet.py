"""Parquet with typed columns: the format that keeps every value as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotate.export.columns import COLUMNS, row_as_cells
from annotate.protocols import ExportRow

# Small enough that a group of long documents stays far below a gigabyte.
ROWS_PER_GROUP = 16_384

_TYPES = {
    "class_no": pa.int32(),
    "confidence": pa.float64(),
    "round_no": pa.int32(),
    "labelled_at_utc": pa.timestamp("us", tz="UTC"),
}
_SCHEMA = pa.schema([(name, _TYPES.get(name, pa.string())) for name in COLUMNS])
_LABELLED_AT = COLUMNS.index("labelled_at_utc")


@dataclass(frozen=True)
class ParquetExporter:
    """Write ``labels.parquet``; the same rows give the same bytes."""

    def write(self, rows: Iterable[ExportRow], destination: Path) -> None:
        """Write ``rows`` into the folder ``destination``, one row group at a time."""
        with pq.ParquetWriter(
            destination / "labels.parquet", _SCHEMA, compression="zstd"
        ) as writer:
            for group in _groups(map(_typed_cells, rows)):
                columns = zip(*group, strict=True)
                arrays = [
                    pa.array(column, type=field.type)
                    for column, field in zip(columns, _SCHEMA, strict=True)
                ]
                writer.write_table(pa.table(arrays, schema=_SCHEMA))


def _typed_cells(row: ExportRow) -> list[Any]:
    cells = row_as_cells(row)
    if cells[_LABELLED_AT] is not None:
        cells[_LABELLED_AT] = datetime.fromisoformat(cells[_LABELLED_AT])
    return cells


def _groups(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while group := list(islice(rows, ROWS_PER_GROUP)):
        yield group
