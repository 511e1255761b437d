from __future__ import annotations

import hashlib
import json

import pytest

from annotate.errors import ExportError
from annotate.export.jsonl import JsonlExporter
from annotate.export.manifest import ExportCounts, find_damage, read_manifest, write_manifest
from annotate.schema import new_schema


@pytest.fixture
def export(tmp_path, make_row):
    """An export of three labels in two classes."""
    counts = ExportCounts()
    rows = [
        make_row(item_id="0", source="human", split="train"),
        make_row(item_id="1", source="pseudo", split="test"),
        make_row(item_id="2", source="pseudo", label="tit", class_no=1, split="train"),
    ]
    JsonlExporter().write(counts.watch(rows), tmp_path)
    write_manifest(
        tmp_path,
        annotate_version="0.1.0",
        project_id="p",
        schema=new_schema(["finch", "tit", "wren"]),
        counts=counts,
        settings={"min_confidence": 0.5},
    )
    return tmp_path


def test_counts_are_those_of_the_rows(export):
    assert read_manifest(export)["counts"] == {
        "labels": 3,
        "by_source": {"human": 1, "pseudo": 2},
        "by_class": {"finch": 2, "tit": 1, "wren": 0},
        "by_split": {"test": 1, "train": 2},
    }


def test_every_file_has_its_size_and_checksum(export):
    data = (export / "labels.jsonl").read_bytes()
    expected = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert read_manifest(export)["files"] == {"labels.jsonl": expected}


def test_an_export_as_written_has_no_damage(export):
    assert find_damage(export) == []


def test_damage_names_each_file_that_differs(export):
    (export / "extra.txt").write_text("x")
    with open(export / "labels.jsonl", "r+b") as file:
        file.write(b"X")
    assert find_damage(export) == [
        "'extra.txt' is not of this export.",
        "'labels.jsonl' has changed since the export.",
    ]
    (export / "labels.jsonl").unlink()
    assert "'labels.jsonl' is missing." in find_damage(export)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": 99, "files": {}}', "{}"])
def test_a_manifest_that_is_not_one_is_refused(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ExportError, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_the_same_labels_give_the_same_manifest(export):
    first = (export / "manifest.json").read_bytes()
    manifest = json.loads(first)
    assert not [key for key in manifest if "time" in key or key.endswith("_utc")]
    assert first.endswith(b"}\n")
