"""CSV, JSONL, Parquet and .npy as they come from the world, by row of the table of bad files."""

from __future__ import annotations

import decimal
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from annotate.corpus import lines
from annotate.corpus.reasons import explain
from annotate.corpus.records import Record, Rejected, SourceOptions
from annotate.corpus.source import open_source
from annotate.errors import SourceError

TEXT = SourceOptions("text")
IMAGE = SourceOptions("image", workers=1)
FEATURES = SourceOptions("features")


def read(path: Path, options: SourceOptions = TEXT) -> list[Record | Rejected]:
    source = open_source(path, options)
    found = list(source.read())
    assert [one.input_no for one in found] == list(range(source.n_inputs))
    return found


def outcomes(path: Path, options: SourceOptions = TEXT) -> list[str]:
    """The code of each rejected row, the text (else the outcome) of each accepted one."""
    found = read(path, options)
    assert all(explain(one.code) for one in found if isinstance(one, Rejected))
    return [o.code if isinstance(o, Rejected) else o.text or o.outcome for o in found]


def picture(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        (tmp_path / "t.csv").write_bytes(data)
        return tmp_path / "t.csv"

    return write


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: str | bytes) -> Path:
        data = [row.encode() if isinstance(row, str) else row for row in rows]
        (tmp_path / "t.jsonl").write_bytes(b"\n".join(data))
        return tmp_path / "t.jsonl"

    return write


# --- CSV


@pytest.mark.parametrize(
    ("codec", "note"),
    [
        pytest.param("utf-8-sig", "norm:bom", id="row-58-bom"),
        pytest.param("utf-16", "norm:utf16", id="row-58-utf16"),
    ],
)
def test_marked_encodings_are_read(csv: Callable[[bytes], Path], codec: str, note: str) -> None:
    (found,) = read(csv("text\ngr\u00fcn \u2713\n".encode(codec)))
    assert isinstance(found, Record)
    assert (found.text, found.notes, found.outcome) == ("gr\u00fcn \u2713", (note,), "normalised")


def test_row_58_windows_line_ends_are_noted(csv: Callable[[bytes], Path]) -> None:
    (found,) = read(csv(b"text\r\nhello\r\n"))
    assert isinstance(found, Record)
    assert (found.text, found.notes) == ("hello", ("norm:crlf",))


def test_row_58_latin_1_is_refused_at_its_byte(csv: Callable[[bytes], Path]) -> None:
    before = b"text\n" + b"fine\n" * 500_000 + b"caf"  # past the first block of the check
    with pytest.raises(SourceError, match=rf"0xe9 at offset {len(before):,} \(line 500,002\)"):
        open_source(csv(before + b"\xe9\n"), TEXT)


def test_row_59_a_nul_costs_its_row(csv: Callable[[bytes], Path]) -> None:
    assert outcomes(csv(b"text,n\na,1\nb\0b,2\nc,3\n")) == ["a", "row", "c"]


def test_row_60_a_quote_that_swallows_the_file_is_refused(csv: Callable[[bytes], Path]) -> None:
    with pytest.raises(SourceError, match="line 3 opens one"):
        open_source(csv(b'text\nfine\n"open\n' + b"swallowed\n" * 1000), TEXT)


def test_row_60_an_open_quote_met_by_another_costs_its_rows(csv: Callable[[bytes], Path]) -> None:
    found = read(csv(b'text\na\n"open\nb\n"quoted"\nc\n'))
    assert [type(one) for one in found] == [Record, Rejected, Record]
    assert isinstance(found[1], Rejected)
    assert "lines 3 to 5" in found[1].detail


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"a,a\n1,2\n", "more than once", id="row-61-doubled-header"),
        pytest.param(b"", "is empty", id="row-61-empty"),
        pytest.param(b"\n\n", "blank lines", id="row-61-blank"),
        pytest.param(b"x,y\n1,2\n", "no usual name", id="row-61-missing-column"),
        pytest.param(b",".join(b"%d" % i for i in range(10_001)), "10,000", id="too-many-columns"),
        pytest.param(gzip.compress(b"text\na\n"), "gunzip", id="row-71-gzip"),
        pytest.param(b"PK\x03\x04...", "Excel", id="excel"),
    ],
)
def test_a_csv_that_cannot_be_read_is_refused(
    csv: Callable[[bytes], Path], data: bytes, problem: str
) -> None:
    with pytest.raises(SourceError, match=problem):
        open_source(csv(data), TEXT)


def test_row_61_ragged_rows_cost_themselves(csv: Callable[[bytes], Path]) -> None:
    assert outcomes(csv(b"text,n\na,1\nb\nc,1,2\n\nd,4\n")) == ["a", "row", "row", "d"]


def test_row_61_a_header_alone_is_a_source_of_none(csv: Callable[[bytes], Path]) -> None:
    assert outcomes(csv(b"text,n\n")) == []


def test_row_62_an_enormous_cell_costs_its_row(
    csv: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("lines", "csv_table"):  # the cap, lowered so that the test stays small
        monkeypatch.setattr(f"annotate.corpus.{module}.MAX_LINE_CHARS", 1 << 20)
    assert lines.MAX_LINE_CHARS == 1 << 20
    data = b"text\na\n" + b"x" * (3 << 20) + b"\nb\n"
    assert outcomes(csv(data)) == ["a", "row", "b"]


def test_row_63_formulas_are_kept_as_they_are(csv: Callable[[bytes], Path]) -> None:
    cell = '=HYPERLINK("http://x","y")'
    quoted = cell.replace('"', '""')
    assert outcomes(csv(f'text\n"{quoted}"\n'.encode())) == [cell]


def test_quoted_line_ends_and_separators_are_kept(csv: Callable[[bytes], Path]) -> None:
    assert outcomes(csv(b'text,n\n"a\n,\r\nb",1\nc,2\n')) == ["a\n,\r\nb", "c"]


# --- JSONL


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("{nonsense", id="row-64"),
        pytest.param('{"text": ' + "[" * 100_000, id="row-66"),
        pytest.param('{"text": "a", "x": ' + "[" * 100 + "]" * 100 + "}", id="row-66-closed"),
        pytest.param('{"text": "a", "x": NaN}', id="row-67-nan"),
        pytest.param('{"text": "a", "x": -Infinity}', id="row-67-infinity"),
        pytest.param('{"text": "a", "text": "b"}', id="row-68"),
        pytest.param('{"text": "a", "x": ' + "1" * 100_000 + "}", id="row-69"),
        pytest.param('{"text": "a\\ud800"}', id="row-70-surrogate"),
        pytest.param('{"text": "a\\u0000"}', id="row-70-nul"),
        pytest.param('["text"]', id="not-an-object"),
        pytest.param('{"text": {"nested": 1}}', id="nested-text"),
    ],
)
def test_a_bad_line_costs_itself(jsonl: Callable[..., Path], bad: str) -> None:
    path = jsonl('{"text": "first"}', bad, '{"text": "last"}')
    found = read(path)
    assert [type(one) for one in found] == [Record, Rejected, Record]
    assert isinstance(found[1], Rejected)
    assert found[1].code == "row"
    assert "line 2" in found[1].detail or "column 'text'" in found[1].detail


def test_row_65_a_last_line_cut_short_costs_itself(jsonl: Callable[..., Path]) -> None:
    assert outcomes(jsonl('{"text": "a"}', '{"text": "b')) == ["a", "row"]


def test_row_71_one_json_array_is_refused_with_a_hint(jsonl: Callable[..., Path]) -> None:
    with pytest.raises(SourceError, match=r"one JSON array.*jq"):
        open_source(jsonl('[{"text": "a"},', '{"text": "b"}]'), TEXT)


def test_row_71_gzip_without_its_suffix_is_refused(jsonl: Callable[..., Path]) -> None:
    with pytest.raises(SourceError, match="gunzip"):
        open_source(jsonl(gzip.compress(b'{"text": "a"}')), TEXT)


def test_a_row_without_text_is_empty_and_blank_lines_are_no_rows(
    jsonl: Callable[..., Path],
) -> None:
    assert outcomes(jsonl('{"text": "a"}', "", '{"other": 1}', "  ")) == ["a", "empty"]


# --- Parquet


def write_parquet(path: Path, columns: dict[str, object], **settings: object) -> Path:
    pq.write_table(pa.table(columns), path, **settings)
    return path


def test_row_72_a_cut_or_foreign_parquet_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", {"text": ["a"] * 100})
    data = path.read_bytes()
    for damaged in (data[:-20], data[: len(data) // 2], b"JUNK" + data[4:-4] + b"JUNK", b""):
        path.write_bytes(damaged)
        with pytest.raises(SourceError, match="sound footer"):
            open_source(path, TEXT)


def test_row_72_damage_behind_a_sound_footer_is_a_clear_error(tmp_path: Path) -> None:
    texts = [f"text {i} {i * i}" for i in range(5000)]
    path = write_parquet(tmp_path / "t.parquet", {"text": texts}, compression="zstd")
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    path.write_bytes(bytes(data))
    with pytest.raises(SourceError, match="damaged in row group 0"):
        list(open_source(path, TEXT).read())


@pytest.mark.parametrize("name", ["ray.data.arrow_tensor", "arrow.py_extension_type"])
def test_row_73_extension_types_are_refused_by_name(tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    metadata = {"ARROW:extension:name": name, "ARROW:extension:metadata": f"touch {canary}"}
    field = pa.field("x", pa.list_(pa.field("item", pa.binary(), metadata=metadata)))
    table = pa.table([["a"], [[b"x"]]], schema=pa.schema([pa.field("text", pa.string()), field]))
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(SourceError, match=f"'x'.*{name}"):
        open_source(tmp_path / "t.parquet", TEXT)
    assert not canary.exists()


def test_row_73_extension_types_that_arrow_knows_are_refused_too(tmp_path: Path) -> None:
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((1, 2, 2), dtype=np.float32))
    path = write_parquet(tmp_path / "t.parquet", {"text": ["a"], "x": tensor})
    with pytest.raises(SourceError, match=r"'x'.*tensor"):
        open_source(path, TEXT)


def test_row_74_a_billion_claimed_rows_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotate.corpus.parquet_table.MAX_ROWS", 99_999)
    path = write_parquet(tmp_path / "t.parquet", {"text": pa.array(["a"] * 100_000)})
    assert path.stat().st_size < 5000
    with pytest.raises(SourceError, match="claims 100,000"):
        open_source(path, TEXT)


def test_row_74_a_dictionary_bomb_is_read_in_small_pieces(tmp_path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(np.zeros(100_000, dtype=np.int32), ["x" * 1_000_000])
    path = write_parquet(tmp_path / "t.parquet", {"text": texts})
    assert path.stat().st_size < 1_000_000  # it claims 100 GB
    before = pa.total_allocated_bytes()
    reader = open_source(path, TEXT).read()
    assert [type(next(reader)) for _ in range(200)] == [Record] * 200
    assert pa.total_allocated_bytes() - before < 300_000_000


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        pytest.param(pa.array([["a"]]), "list", id="row-75-nested"),
        pytest.param(pa.array([decimal.Decimal("1.5")]), "decimal", id="row-75-decimal"),
        pytest.param(pa.nulls(1), "null", id="row-75-null"),
        pytest.param(pa.array([0], pa.timestamp("ns")), "timestamp", id="row-75-timestamp"),
        pytest.param(pa.array([b"a"]), "binary", id="row-75-binary"),
    ],
)
def test_columns_of_unfit_types_are_refused_by_name(
    tmp_path: Path, column: pa.Array, kind: str
) -> None:
    path = write_parquet(tmp_path / "t.parquet", {"odd": column, "text": ["fine"]})
    assert outcomes(path) == ["fine"]
    for options in (replace(TEXT, text_column="odd"), replace(TEXT, label_column="odd")):
        with pytest.raises(SourceError, match=f"'odd'.*{kind}"):
            open_source(path, options)


@pytest.mark.parametrize(
    "column",
    [["a", None, " "], pa.array(["a", None, " "]).dictionary_encode()],
    ids=["strings", "dictionary"],
)
def test_parquet_texts_are_read(tmp_path: Path, column: object) -> None:
    path = write_parquet(tmp_path / "t.parquet", {"text": column}, row_group_size=2)
    assert outcomes(path) == ["a", "empty", "empty"]


def test_hugging_face_class_numbers_become_names(tmp_path: Path) -> None:
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]})
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet", replace(TEXT, label_column="label"))
    assert [one.label for one in found if isinstance(one, Record)] == ["dog", "cat", None]


@pytest.mark.parametrize("start", [0, 1, 6, 7, 19, 20])
def test_reading_from_the_middle_gives_the_rest(tmp_path: Path, start: int) -> None:
    texts = [f"text {n}" if n % 5 else None for n in range(20)]
    parquet = write_parquet(tmp_path / "t.parquet", {"text": texts}, row_group_size=7)
    (tmp_path / "t.csv").write_text("text,n\n" + "".join(f"{t or ''},1\n" for t in texts))
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps({"text": t}) for t in texts))
    for path in (parquet, tmp_path / "t.csv", tmp_path / "t.jsonl"):
        source = open_source(path, TEXT)
        assert list(source.read(start)) == list(source.read())[start:]


# --- .npy


def save_rows(path: Path, rows: np.ndarray) -> Path:
    np.save(path, rows)
    return path


def test_row_76_an_object_matrix_is_refused_without_unpickling(tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (canary,)

    np.save(tmp_path / "f.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    with pytest.raises(SourceError, match=r"\.npy file of floats"):
        open_source(tmp_path / "f.npy", FEATURES)
    assert not canary.exists()


@pytest.mark.parametrize(
    "rows",
    [np.zeros(4), np.zeros((2, 2, 2)), np.zeros((4, 0)), np.zeros((4, 2), int)],
    ids=["row-77-flat", "row-77-deep", "row-77-no-columns", "row-77-integers"],
)
def test_a_matrix_of_the_wrong_shape_or_type_is_refused(tmp_path: Path, rows: np.ndarray) -> None:
    with pytest.raises(SourceError, match="Features must be"):
        open_source(save_rows(tmp_path / "f.npy", rows), FEATURES)


def test_row_77_a_matrix_cut_short_is_refused(tmp_path: Path) -> None:
    path = save_rows(tmp_path / "f.npy", np.zeros((100, 8), np.float32))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(path, FEATURES)


def test_row_77_rows_that_are_not_finite_or_overflow_cost_themselves(tmp_path: Path) -> None:
    rows = np.ones((6, 3))
    rows[1, 2], rows[2, 0], rows[3, 1], rows[4, 1] = np.nan, -np.inf, 65_536.0, 1e300
    path = save_rows(tmp_path / "f.npy", rows)
    assert outcomes(path, FEATURES) == ["ok", "row", "row", "row", "row", "ok"]


def test_row_77_a_matrix_stored_by_column_gives_the_same_rows(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    by_row = open_source(save_rows(tmp_path / "c.npy", rows), FEATURES)
    by_column = open_source(save_rows(tmp_path / "f.npy", np.asfortranarray(rows)), FEATURES)
    first, second = list(by_row.read()), list(by_column.read())
    assert [a.sha256 for a in first] == [b.sha256 for b in second]
    assert {b.notes for b in second} == {("norm:fortran",)}
    wanted = np.array([3, 1, 40])
    np.testing.assert_array_equal(by_column.features(wanted), rows[wanted])


def test_features_follow_the_rows_of_their_table(tmp_path: Path) -> None:
    rows = np.arange(8, dtype=np.float16).reshape(4, 2)
    rows[2] = np.nan
    (tmp_path / "t.csv").write_text("id,label,part\na,x,1\nb,,1\nc,y,2\n/../d,y,2\n")
    features = save_rows(tmp_path / "f.npy", rows)
    options = replace(FEATURES, features=features, label_column="label", group_column="part")
    source = open_source(tmp_path / "t.csv", options)
    found = list(source.read())
    kept = [one for one in found if isinstance(one, Record)]
    assert [(o.item_id, o.label, o.group) for o in kept] == [("a", "x", "1"), ("b", None, "1")]
    assert [one.code for one in found if isinstance(one, Rejected)] == ["row", "id"]
    assert source.dim == 2
    np.testing.assert_array_equal(source.features(np.array([1, 0])), [[2, 3], [0, 1]])


def test_features_of_another_length_are_refused(tmp_path: Path, csv: Callable[..., Path]) -> None:
    features = save_rows(tmp_path / "f.npy", np.zeros((3, 2)))
    with pytest.raises(SourceError, match=r"has 3 and .* has 2"):
        open_source(csv(b"text\na\nb\n"), replace(TEXT, features=features))


# --- texts, ids, columns


def test_row_78_empty_and_blank_texts_are_quarantined(csv: Callable[[bytes], Path]) -> None:
    assert outcomes(csv('text,n\n,1\n" \t",2\n\u3000,3\na,4\n'.encode())) == ["empty"] * 3 + ["a"]


def test_row_79_a_long_text_is_flagged_and_kept_whole(csv: Callable[[bytes], Path]) -> None:
    text = "word " * 30_000
    (found,) = read(csv(f"text\n{text}\n".encode()))
    assert isinstance(found, Record)
    assert (found.text, found.notes, found.outcome) == (text, ("flag:long",), "flagged")


@pytest.mark.parametrize(
    "bad", ["x" * 10_000, "a/..", "../a", "a\\..\\b", "a\tb", ""], ids=lambda b: b[:9]
)
def test_row_84_impossible_ids_are_quarantined(jsonl: Callable[..., Path], bad: str) -> None:
    path = jsonl(json.dumps({"id": bad, "text": "a"}), json.dumps({"id": "a..b/c", "text": "b"}))
    assert outcomes(path) == ["id", "b"]


def test_rows_without_an_id_column_are_numbered_from_one(csv: Callable[[bytes], Path]) -> None:
    found = read(csv(b"text,n\na,1\nb\nc,3\n"))
    ids = [o.item_id if isinstance(o, Record) else o.input_id for o in found]
    assert ids == ["t.csv:1", "t.csv:2", "t.csv:3"]


def test_labels_are_read_only_when_asked_and_hinted_at(csv: Callable[[bytes], Path]) -> None:
    path = csv(b"id,text,label\n1,a,x\n2,b,\n")
    source = open_source(path, TEXT)
    assert dict(source.columns) == {"text": "text", "id": "id"}
    assert source.detected == ("text", "id")
    assert "--label-column label" in source.hints[0]
    asked = read(path, replace(TEXT, label_column="label"))
    assert [one.label for one in asked if isinstance(one, Record)] == ["x", None]


@pytest.mark.parametrize("name", ["None", "nan", "true", "01", "1e5"], ids=lambda n: f"row-86-{n}")
def test_class_names_that_look_like_values_stay_strings(
    csv: Callable[[bytes], Path], name: str
) -> None:
    (found,) = read(csv(f"text,label\na,{name}\n".encode()), replace(TEXT, label_column="label"))
    assert isinstance(found, Record)
    assert found.label == name


def test_several_text_columns_are_joined_with_a_space(csv: Callable[[bytes], Path]) -> None:
    path = csv(b"title,description\nA,b c\n,only\n,\n")
    assert outcomes(path, replace(TEXT, text_column="title,description")) == [
        "A b c",
        "only",
        "empty",
    ]


def test_two_candidates_for_the_text_are_refused(csv: Callable[[bytes], Path]) -> None:
    with pytest.raises(SourceError, match=r"any of 'text', 'sentence'.*--text-column"):
        open_source(csv(b"text,sentence\na,b\n"), TEXT)


def test_a_column_that_does_not_exist_is_refused_with_those_that_do(
    csv: Callable[[bytes], Path],
) -> None:
    with pytest.raises(SourceError, match=r"no 'txt'.*'text', 'n'"):
        open_source(csv(b"text,n\na,1\n"), replace(TEXT, text_column="txt"))


# --- pictures in tables


PATHS = {
    "in/a.png": "ok",
    "in/../in/a.png": "ok",
    "../secret.png": "outside_root",
    "/etc/passwd": "outside_root",
    "file:///etc/passwd": "outside_root",
    "http://host/a.png": "outside_root",
    "\\\\server\\share\\a.png": "outside_root",
    "out/secret.png": "outside_root",
    "link.png": "symlink_escape",
    "in": "not_regular",
    "none.png": "not_found",
    "": "empty",
}


@pytest.fixture(scope="module")
def path_outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("paths") / "root"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.png").write_bytes(picture())
    (root.parent / "secret.png").write_bytes(picture())
    (root / "out").symlink_to("..")
    (root / "link.png").symlink_to("../secret.png")
    (root / "t.jsonl").write_text("\n".join(json.dumps({"image": path}) for path in PATHS))
    found = outcomes(root / "t.jsonl", replace(IMAGE, follow_links=True))
    return dict(zip(PATHS, found, strict=True))


@pytest.mark.parametrize("path", PATHS)
def test_paths_in_a_table_stay_inside_its_folder(path: str, path_outcomes: dict[str, str]) -> None:
    assert path_outcomes[path] == PATHS[path]


@pytest.mark.parametrize("kind", ["plain", "struct"])
def test_picture_bytes_in_parquet_are_taken_as_media(tmp_path: Path, kind: str) -> None:
    cells: list[object] = [picture(1), None, picture(2)[:50], b""]
    if kind == "struct":
        cells = [{"bytes": cell, "path": None} for cell in cells]
    columns = {"image": cells, "file": ["a", "b", "c", "d"], "id": [7, 8, 9, 10]}
    found = read(write_parquet(tmp_path / "t.parquet", columns), IMAGE)
    first, *rest = found
    assert isinstance(first, Record)
    assert (first.item_id, first.media, first.path, first.width) == ("7", picture(1), None, 9)
    assert [one.code for one in rest if isinstance(one, Rejected)] == [
        "empty",
        "truncated",
        "empty",
    ]


def test_a_struct_without_bytes_is_read_from_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = pa.array([{"bytes": None, "path": "a.png"}], kind)
    (found,) = read(write_parquet(tmp_path / "t.parquet", {"image": cells}), IMAGE)
    assert isinstance(found, Record)
    assert found.path == str(tmp_path / "a.png")


def test_a_folder_is_no_source_of_texts(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="only be a source of images"):
        open_source(tmp_path, TEXT)


def test_the_signature_follows_the_content_and_the_columns(csv: Callable[[bytes], Path]) -> None:
    path = csv(b"text,n\na,1\n")
    first = open_source(path, TEXT).signature()
    assert open_source(path, TEXT).signature() == first
    assert open_source(path, replace(TEXT, text_column="n")).signature() != first
    assert open_source(csv(b"text,n\nab,1\n"), TEXT).signature() != first
