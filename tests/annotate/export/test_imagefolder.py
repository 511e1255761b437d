from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from annotate.errors import ExportError
from annotate.export.imagefolder import ImageFolderExporter


def read_metadata(folder):
    lines = (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_files_lie_under_split_and_class(tmp_path, make_image_row):
    rows = [
        make_image_row("a/0.png", 1, label="finch", class_no=0, split="train"),
        make_image_row("b/0.png", 2, label="tit", class_no=1, split="test"),
    ]
    out = tmp_path / "out"
    out.mkdir()
    ImageFolderExporter().write(rows, out)
    for row in rows:
        (file,) = (out / row.split / row.label).iterdir()
        assert file.read_bytes() == Path(row.path).read_bytes()


def test_metadata_names_the_file_and_its_lineage(tmp_path, make_image_row):
    out = tmp_path / "out"
    out.mkdir()
    ImageFolderExporter().write([make_image_row("a/0.png", extra={"g": 1})], out)
    (line,) = read_metadata(out / "train")
    assert (out / "train" / line["file_name"]).is_file()
    assert (line["teacher"], line["selector"], line["round_no"]) == ("zero_shot", "quota:16", 2)
    assert line["extra"] == '{"g": 1}'
    assert "path" not in line


def test_hostile_names_stay_inside_and_map_back(tmp_path, make_image_row):
    out = tmp_path / "out"
    out.mkdir()
    names = ["../../evil", "a/b", "a b", "CON"]
    rows = [
        make_image_row(f"../../../{n}.png", n, label=name, class_no=n, split="../up")
        for n, name in enumerate(names)
    ]
    ImageFolderExporter().write(rows, out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "source"]
    folders = json.loads((out / "classes.json").read_text())
    assert [entry["name"] for entry in folders.values()] == names
    assert {p.name for p in (out / "up").iterdir() if p.is_dir()} == set(folders)


def test_a_changed_file_stops_the_export_and_is_named(tmp_path, make_image_row):
    row = make_image_row("a/0.png", sha256="00" * 32)
    with pytest.raises(ExportError, match=r"a/0\.png.*sha256"):
        ImageFolderExporter().write([row], tmp_path)


def test_a_file_that_is_gone_stops_the_export_and_is_named(tmp_path, make_image_row):
    row = make_image_row("a/0.png")
    Path(row.path).unlink()
    with pytest.raises(ExportError, match=r"a/0\.png.*not a file"):
        ImageFolderExporter().write([row], tmp_path)


def test_texts_are_refused_with_the_formats_that_take_them(tmp_path, make_row):
    with pytest.raises(ExportError, match="parquet, csv or jsonl"):
        ImageFolderExporter().write([make_row(item_id="7", text="hello")], tmp_path)


def test_a_name_without_suffix_gets_the_one_its_bytes_call_for(tmp_path, make_image_row):
    out = tmp_path / "out"
    out.mkdir()
    ImageFolderExporter().write([make_image_row("table.parquet:17")], out)
    assert read_metadata(out / "train")[0]["file_name"].endswith(".png")


def test_files_are_copied_where_they_cannot_be_linked(tmp_path, make_image_row, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    row = make_image_row("a/0.png")
    ImageFolderExporter().write([row], tmp_path)
    (line,) = read_metadata(tmp_path / "train")
    copy = tmp_path / "train" / line["file_name"]
    assert copy.read_bytes() == Path(row.path).read_bytes()
    assert not copy.samefile(row.path)


def test_a_symbolic_link_is_exported_as_the_file_it_names(tmp_path, make_image_row, make_row):
    row = make_image_row("a/0.png")
    link = tmp_path / "link.png"
    link.symlink_to(row.path)
    ImageFolderExporter().write([make_row(item_id="l.png", path=str(link), sha256=row.sha256)],
                                tmp_path)  # fmt: skip
    (line,) = read_metadata(tmp_path / "train")
    assert not (tmp_path / "train" / line["file_name"]).is_symlink()


def test_an_item_that_comes_twice_is_refused(tmp_path, make_image_row):
    row = make_image_row("a/0.png")
    with pytest.raises(ExportError, match="twice"):
        ImageFolderExporter().write([row, row], tmp_path)
