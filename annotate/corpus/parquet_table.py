"""Parquet, read in small batches, its schema checked before any value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotate.corpus.table import MAX_ROWS, BadRow, check_columns
from annotate.errors import SourceError

MAX_BATCH_ROWS = 1024
MIN_BATCH_ROWS = 64
# Above this ratio a chunk may be made to burst: real text and pictures stay far below it.
MAX_PLAUSIBLE_RATIO = 50
MAX_BATCH_BYTES = 64 << 20


class ParquetTable:
    """A Parquet file whose footer and types have been checked."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        self.path = path
        self._file = file
        self._schema = file.schema_arrow
        self.columns = tuple(self._schema.names)
        self.n_rows = file.metadata.num_rows
        self._class_names = _hugging_face_classes(self._schema)

    def holds_bytes(self, column: str) -> bool:
        """Return whether a column is binary, or a struct with ``bytes`` as Hugging Face writes."""
        kind = self._schema.field(column).type
        return _is_binary(kind) or _is_image_struct(kind)

    def refusal(self, role: str, column: str) -> str | None:
        """Return why the type of a column does not fit its role, or None."""
        kind = self._schema.field(column).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        fits = _is_string(kind)
        if role == "image":
            fits = fits or self.holds_bytes(column)
        elif role in ("id", "label", "group"):
            fits = fits or pa.types.is_integer(kind) or (role != "id" and pa.types.is_boolean(kind))
        if fits:
            return None
        wanted = {
            "text": "strings",
            "image": "encoded pictures (binary, or a struct with bytes) or paths",
            "id": "strings or whole numbers",
        }.get(role, "strings, whole numbers or booleans")
        return f"it must hold {wanted}, not {kind}"

    def rows(self, columns: Sequence[str], start: int) -> Iterator[tuple[Any, ...] | BadRow]:
        """Yield the cells of ``columns`` for each row from number ``start``."""
        wanted = list(dict.fromkeys(columns))
        for group in range(self._file.metadata.num_row_groups):
            n_rows = self._file.metadata.row_group(group).num_rows
            if start >= n_rows:
                start -= n_rows
                continue
            yield from self._read_group(group, wanted, columns, start)
            start = 0

    def _read_group(
        self, group: int, wanted: list[str], columns: Sequence[str], start: int
    ) -> Iterator[tuple[Any, ...]]:
        size = _batch_rows(self._file.metadata.row_group(group), wanted)
        batches = self._file.iter_batches(size, row_groups=[group], columns=wanted)
        try:
            for batch in batches:
                skipped = min(start, batch.num_rows)
                start -= skipped
                if skipped < batch.num_rows:
                    rest = batch.slice(skipped)
                    cells = {name: self._cells(name, rest.column(name)) for name in wanted}
                    yield from zip(*(cells[name] for name in columns), strict=True)
        except (pa.ArrowException, OSError, MemoryError) as error:
            raise SourceError(
                f"A Parquet file must be readable to its end; {self.path} is damaged in row group"
                f" {group} ({error}). Write it again."
            ) from error

    def _cells(self, name: str, column: pa.Array) -> list[Any]:
        values: list[Any] = column.to_pylist()
        classes = self._class_names.get(name)
        if classes is None:
            return values
        return [
            classes[v] if v is not None and 0 <= v < len(classes) else (None if v == -1 else v)
            for v in values
        ]


def open_parquet(path: Path) -> ParquetTable:
    """Check a Parquet file's footer and schema.

    Raises
    ------
    SourceError
        For a damaged footer, extension types, doubled columns, or more rows than a project holds.
    """
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            f"A Parquet file must end in a sound footer; {path} does not ({error})."
            " It may be cut short: copy or write it again."
        ) from error
    for column in schema:
        found = _extension_in(column)
        if found is not None:
            raise SourceError(
                f"A Parquet file must hold plain types; column {column.name!r} of {path} has the"
                f" extension type {found!r}. Write it without that column, or as its storage type."
            )
    check_columns(path, schema.names)
    if file.metadata.num_rows > MAX_ROWS:
        raise SourceError(
            f"A table must have at most {MAX_ROWS:,} rows; {path} claims"
            f" {file.metadata.num_rows:,}. Split it."
        )
    return ParquetTable(path, file)


def _extension_in(column: pa.Field) -> str | None:
    """Return the name of the first extension type in a column, however deep, or None."""
    if isinstance(column.type, pa.BaseExtensionType):
        return str(column.type)
    metadata = column.metadata or {}
    if b"ARROW:extension:name" in metadata:
        return str(metadata[b"ARROW:extension:name"].decode("utf-8", "replace"))
    children = (column.type.field(i) for i in range(column.type.num_fields))
    return next((found for child in children if (found := _extension_in(child))), None)


def _batch_rows(group: pq.RowGroupMetaData, wanted: Sequence[str]) -> int:
    """Return how many rows to read at once so that a batch stays near 64 MiB.

    A dictionary stores a long value once for many rows, so a chunk's whole size is the only bound
    on each of its values; other chunks bound the sum.
    """
    row_bytes = 1.0
    fewest = MIN_BATCH_ROWS
    for number in range(group.num_columns):
        chunk = group.column(number)
        if chunk.path_in_schema.split(".", 1)[0] not in wanted:
            continue
        has_dictionary = any("DICTIONARY" in encoding for encoding in chunk.encodings)
        per_row = 1 if has_dictionary else max(group.num_rows, 1)
        row_bytes += chunk.total_uncompressed_size / per_row
        if chunk.total_uncompressed_size > MAX_PLAUSIBLE_RATIO * chunk.total_compressed_size:
            fewest = 1
    return int(min(max(MAX_BATCH_BYTES / row_bytes, fewest), MAX_BATCH_ROWS))


def _hugging_face_classes(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the class names that a Hugging Face data set keeps for its whole-number columns."""
    try:
        stated = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = stated.get("info", {}).get("features", {})
        return {
            name: [str(label) for label in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}  # written by somebody else under the same key: the numbers stay numbers


def _is_string(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    )


def _is_image_struct(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind):
        return False
    position = kind.get_field_index("bytes")
    return position >= 0 and _is_binary(kind.field(position).type)
