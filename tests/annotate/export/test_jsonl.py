from __future__ import annotations

import json

import pytest

from annotate.export.jsonl import JsonlExporter


def test_a_line_is_a_row_whatever_the_text_holds(tmp_path, make_row):
    texts = ["two\nlines", "sep\u2028arator", "中文", '"quoted"', "\x00"]
    JsonlExporter().write([make_row(text=t) for t in texts], tmp_path)
    lines = (tmp_path / "labels.jsonl").read_bytes().split(b"\n")
    assert [json.loads(line)["text"] for line in lines[:-1]] == texts
    assert lines[-1] == b""


def test_a_number_that_json_cannot_hold_is_refused(tmp_path, make_row):
    with pytest.raises(ValueError, match="JSON"):
        JsonlExporter().write([make_row(confidence=float("nan"))], tmp_path)


def test_extra_values_keep_their_structure(tmp_path, make_row):
    JsonlExporter().write([make_row(extra={"group": ["a", 1]})], tmp_path)
    assert json.loads((tmp_path / "labels.jsonl").read_text())["extra"] == {"group": ["a", 1]}
