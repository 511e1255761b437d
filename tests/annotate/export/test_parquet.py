from __future__ import annotations

from datetime import UTC, datetime

import pyarrow.parquet as pq

from annotate.export import parquet
from annotate.export.parquet import ParquetExporter


def test_columns_have_types_that_fit_their_values(tmp_path, make_row):
    ParquetExporter().write([make_row()], tmp_path)
    (row,) = pq.read_table(tmp_path / "labels.parquet").to_pylist()
    assert row["labelled_at_utc"] == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert (row["confidence"], row["round_no"], row["class_no"]) == (0.75, 2, 0)


def test_a_column_without_any_value_keeps_its_type(tmp_path, make_row):
    ParquetExporter().write([make_row(confidence=None, round_no=None)], tmp_path)
    schema = pq.read_schema(tmp_path / "labels.parquet")
    assert [str(schema.field(n).type) for n in ("confidence", "round_no")] == ["double", "int32"]


def test_rows_are_written_group_by_group(tmp_path, make_row, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 4)
    ParquetExporter().write((make_row(item_id=str(n)) for n in range(10)), tmp_path)
    file = pq.ParquetFile(tmp_path / "labels.parquet")
    groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert groups == [4, 4, 2]
    assert file.read().column("item_id").to_pylist() == [str(n) for n in range(10)]


def test_extra_values_are_json_text(tmp_path, make_row):
    ParquetExporter().write([make_row(extra={"fold": 3}), make_row()], tmp_path)
    table = pq.read_table(tmp_path / "labels.parquet")
    assert table.column("extra").to_pylist() == ['{"fold": 3}', None]
