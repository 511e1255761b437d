"""Whatever the bytes are, reading them ends in records, rejections or one refusal."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from annotate.corpus.inspection import Inspected, inspect_image
from annotate.corpus.reasons import QUARANTINE
from annotate.corpus.records import Record, Rejected, SourceOptions
from annotate.corpus.regular_file import RejectedInputError
from annotate.corpus.source import open_source
from annotate.errors import SourceError

SHARED_FOLDER = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

CSV_PIECES = st.sampled_from(
    [b'"', b",", b"\n", b"\r\n", b"\r", b"\0", b'""', b"a", b"\xc3\xa9", b"\xff", b"\xef\xbb\xbf"]
)
JSON_PIECES = st.sampled_from(
    rb'{"text":"a"} { } [ ] "text" : , "\ud800" 1e999 NaN null'.split()
    + b"\n|\r\n|\0|\xff|\xef\xbb\xbf|\xff\xfe".split(b"|")
)
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8))


def check_accounts_for_all(path: Path) -> None:
    try:
        source = open_source(path, SourceOptions("text", text_column="text"))
    except SourceError:
        return
    found = list(source.read())
    assert [one.input_no for one in found] == list(range(source.n_inputs))
    for one in found:
        if isinstance(one, Record):
            assert one.text is not None and one.text.encode() and not one.text.isspace()
        else:
            assert isinstance(one, Rejected) and one.code in QUARANTINE


@SHARED_FOLDER
@given(pieces=st.lists(CSV_PIECES, max_size=40))
def test_any_csv(tmp_path: Path, pieces: list[bytes]) -> None:
    (tmp_path / "t.csv").write_bytes(b"text,n\n" + b"".join(pieces))
    check_accounts_for_all(tmp_path / "t.csv")


@SHARED_FOLDER
@given(pieces=st.lists(JSON_PIECES, max_size=30))
def test_any_jsonl(tmp_path: Path, pieces: list[bytes]) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"text": "first"}\n' + b"".join(pieces))
    check_accounts_for_all(tmp_path / "t.jsonl")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
@settings(max_examples=60)
@given(data=st.data())
def test_any_damaged_picture(format_: str, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    NOISE.save(buffer, format_)
    damaged = bytearray(buffer.getvalue()[: data.draw(st.integers(1, 3000))])
    for _ in range(data.draw(st.integers(0, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(inspect_image(bytes(damaged), "a.jpg"), Inspected)
    except RejectedInputError as error:
        assert error.code in QUARANTINE
