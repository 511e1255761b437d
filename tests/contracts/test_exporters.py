"""Every registered exporter keeps the same promises."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from annotate.export import EXPORTERS
from annotate.protocols import Exporter, ExportRow

NAMES = EXPORTERS.names()


@pytest.fixture
def rows(tmp_path: Path) -> list[ExportRow]:
    """Six images of three classes, every second one without the lineage a model leaves."""
    found = []
    for n in range(6):
        path = tmp_path / f"{n}.png"
        Image.new("RGB", (2, 2), (40 * n, 0, 0)).save(path)
        by_model = n % 2 == 0
        found.append(
            ExportRow(
                item_id=f"folder/{n}.png",
                label=["a/b", "a b", "<猫>"][n % 3],
                class_no=n % 3,
                source="pseudo" if by_model else "human",
                confidence=0.5 if by_model else None,
                teacher="probe" if by_model else None,
                teacher_sha256="ab" * 32 if by_model else None,
                round_no=1 if by_model else None,
                reviewer=None if by_model else "eve",
                labelled_at_utc="2026-11-23T10:00:00+00:00",
                split="train" if n < 4 else "test",
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                path=str(path),
            )
        )
    return found


def write(name: str, rows: list[ExportRow], folder: Path) -> dict[str, bytes]:
    """Export and return every file's bytes."""
    folder.mkdir(parents=True)
    EXPORTERS.make(name).write(iter(rows), folder)
    paths = (Path(parent, file) for parent, _, files in os.walk(folder) for file in files)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_the_protocol(name: str) -> None:
    assert isinstance(EXPORTERS.make(name), Exporter)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_rows_give_the_same_bytes(name, rows, tmp_path) -> None:
    assert write(name, rows, tmp_path / "one") == write(name, rows, tmp_path / "two")


@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_there(name, rows, tmp_path) -> None:
    files = write(name, rows, tmp_path / "out")
    ids = Counter(load_ids(files))
    assert ids == Counter(row.item_id for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_give_an_export_that_loads(name, tmp_path) -> None:
    assert load_ids(write(name, [], tmp_path / "out")) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_outside_the_folder(name, rows, tmp_path) -> None:
    hostile = {"item_id": "../../../x.png", "label": "../up", "split": "../../split"}
    write(name, [replace(rows[0], **hostile)], tmp_path / "inner" / "out")
    assert [path.name for path in (tmp_path / "inner").iterdir()] == ["out"]


def load_ids(files: dict[str, bytes]) -> list[str]:
    """Read item ids back with the libraries users have."""
    readers = {
        ".csv": pd.read_csv,
        ".jsonl": lambda file: pd.read_json(file, lines=True),
        ".parquet": pd.read_parquet,
    }
    ids = [
        task["data"]["annotate_item"]
        for path, data in files.items()
        if Path(path).name == "tasks.json"
        for task in json.loads(data)
    ]
    for path, data in files.items():
        if Path(path).suffix in readers and data:
            ids += readers[Path(path).suffix](io.BytesIO(data))["item_id"].tolist()
    return ids
