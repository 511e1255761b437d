from __future__ import annotations

import csv

import pytest

from annotate.export.csv import CsvExporter, disarm_formula


def read(folder, encoding="utf-8"):
    with open(folder / "labels.csv", encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def test_every_text_comes_back_as_it_was(tmp_path, make_row):
    texts = ['a,"b"', "two\r\nlines", "lone\rreturn", "=1+1", " 中文 ", "\ufeffmark", "tab\t"]
    CsvExporter().write([make_row(item_id=t, text=t) for t in texts], tmp_path)
    assert [row["text"] for row in read(tmp_path)] == texts


def test_a_missing_value_is_an_empty_cell(tmp_path, make_row):
    CsvExporter().write([make_row(confidence=None, teacher=None)], tmp_path)
    (row,) = read(tmp_path)
    assert (row["confidence"], row["teacher"], row["extra"]) == ("", "", "")


@pytest.mark.parametrize(
    "cell",
    [
        "=HYPERLINK('x')",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        '"=1',
        "'=1",
        "\ufeff=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
        "\u00a0=1",
    ],
)
def test_excel_safe_puts_an_apostrophe_before_a_formula(cell):
    assert disarm_formula(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "a=b", "1-2", "finch", 0.5, -1, None, "½"])
def test_excel_safe_leaves_other_cells_alone(cell):
    assert disarm_formula(cell) == cell


def test_excel_safe_covers_names_and_ids_of_a_row(tmp_path, make_row):
    row = make_row(item_id="=id", label="+class", reviewer="@who", text="-text")
    CsvExporter(excel_safe=True).write([row], tmp_path)
    (found,) = read(tmp_path, "utf-8-sig")
    cells = [found[name] for name in ("item_id", "label", "reviewer", "text")]
    assert cells == ["'=id", "'+class", "'@who", "'-text"]


def test_excel_safe_starts_with_a_byte_order_mark(tmp_path, make_row):
    CsvExporter(excel_safe=True).write([make_row()], tmp_path)
    assert (tmp_path / "labels.csv").read_bytes().startswith(b"\xef\xbb\xbf")
