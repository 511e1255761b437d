from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.export.names import FolderNames, file_name_of_item, safe_name


@given(st.text(max_size=300))
def test_a_safe_name_is_one_visible_component_that_fits(text):
    name = safe_name(text, "class-7")
    assert Path("/out", name).resolve().parent == Path("/out")
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\:*?"<>|\0\n ')
    assert 0 < len(name.encode()) <= 81


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("finch", "finch"),
        ("Sci/Tech", "Sci_Tech"),
        ("../../etc/passwd", "etc_passwd"),
        ("हिन्दी", "हिन्दी"),
        ("猫", "猫"),
        ("...", "class-7"),
        ("", "class-7"),
        ("CON", "_CON"),
        ("com1.jpg", "_com1.jpg"),
        ("a\u202egnp", "a_gnp"),
    ],
)
def test_a_safe_name_stays_readable(text, expected):
    assert safe_name(text, "class-7") == expected


def test_classes_that_look_alike_get_different_folders():
    folders = FolderNames()
    names = ["a/b", "a b", "A_B", "a_b-1", "..", "class-4"]
    found = [folders.folder_of(number, name) for number, name in enumerate(names)]
    assert len({name.casefold() for name in found}) == len(names)
    assert [folders.as_map()[folder]["name"] for folder in found] == names


def test_a_class_keeps_its_folder():
    folders = FolderNames()
    assert folders.folder_of(3, "x") == folders.folder_of(3, "x")


def test_items_of_one_file_name_get_different_files():
    names = {file_name_of_item(f"{folder}/img.png", ".png") for folder in "abc"}
    assert len(names) == 3
    assert all(name.startswith("img-") and name.endswith(".png") for name in names)
