"""Files that are gone, hidden, linked, misnamed or no files at all, by row of the table."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from annotate.corpus.folder import list_folder
from annotate.corpus.printable import printable
from annotate.corpus.reasons import explain
from annotate.corpus.records import Record, Rejected, SourceOptions
from annotate.corpus.regular_file import RejectedInputError, read_regular
from annotate.corpus.source import open_source
from annotate.errors import SourceError

IMAGES = SourceOptions("image", workers=1)


def picture(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def read(path: Path, options: SourceOptions = IMAGES) -> dict[str, Record | Rejected]:
    source = open_source(path, options)
    found = list(source.read())
    assert [one.input_no for one in found] == list(range(source.n_inputs))
    return {o.item_id if isinstance(o, Record) else o.input_id: o for o in found}


def codes(found: dict[str, Record | Rejected]) -> dict[str, str]:
    return {i: o.code if isinstance(o, Rejected) else o.outcome for i, o in found.items()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture())
    return folder


@pytest.fixture
def short_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder under a path short enough for a socket."""
    old = os.getcwd()
    folder = tmp_path_factory.mktemp("s")
    os.chdir(folder)
    yield folder
    os.chdir(old)


def test_row_45_a_file_that_vanished_after_listing(root: Path) -> None:
    source = open_source(root, IMAGES)
    (root / "a.png").unlink()
    (found,) = source.read()
    assert isinstance(found, Rejected)
    assert found.code == "vanished"


def test_row_45_a_replaced_file_gets_the_digest_of_what_was_read(root: Path) -> None:
    source = open_source(root, IMAGES)
    (root / "b.png").write_bytes(picture(200))
    expected = read(root)["b.png"]
    os.replace(root / "b.png", root / "a.png")
    (found,) = source.read()
    assert isinstance(found, Record) and isinstance(expected, Record)
    assert found.sha256 == expected.sha256


def test_row_46_permission_denied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("annotate.corpus.regular_file.os.open", refuse)
    with pytest.raises(RejectedInputError) as caught:
        read_regular(root / "a.png")
    assert caught.value.code == "unreadable"


def test_row_47_a_link_inside_the_source_needs_to_be_asked_for(root: Path) -> None:
    (root / "link.png").symlink_to("a.png")
    assert codes(read(root))["link.png"] == "symlink"
    followed = read(root, replace(IMAGES, follow_links=True))["link.png"]
    assert isinstance(followed, Record)
    assert followed.path == str(root / "a.png")


@pytest.mark.parametrize("follow_links", [False, True])
def test_row_48_links_that_lead_out_or_round_in_circles(root: Path, follow_links: bool) -> None:
    (root / "out.png").symlink_to("/etc/passwd")
    (root / "loop").symlink_to("..", target_is_directory=True)
    (root / "self.png").symlink_to("self.png")
    found = codes(read(root, replace(IMAGES, follow_links=follow_links)))
    assert found["out.png"] == "symlink_escape"
    assert found["loop"] == "symlink"
    assert found["self.png"] == "symlink"
    assert found["a.png"] == "ok"


def test_row_49_hard_links_have_one_digest(root: Path) -> None:
    for number in range(5):
        os.link(root / "a.png", root / f"hard{number}.png")
    assert len({one.sha256 for one in read(root).values() if isinstance(one, Record)}) == 1


def test_row_50_pipes_and_sockets_do_not_hang(root: Path, short_folder: Path) -> None:
    os.mkfifo(root / "pipe.png")
    (short_folder / "a.png").write_bytes(picture())
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind("s.png")
        assert codes(read(short_folder))["s.png"] == "not_regular"
    assert codes(read(root))["pipe.png"] == "not_regular"


def test_row_50_a_file_that_became_a_pipe_does_not_hang(root: Path) -> None:
    source = open_source(root, IMAGES)
    (root / "a.png").unlink()
    os.mkfifo(root / "a.png")
    (found,) = source.read()
    assert isinstance(found, Rejected)
    assert found.code == "not_regular"


def test_row_50_a_device_is_refused() -> None:
    with pytest.raises(RejectedInputError) as caught:
        read_regular("/dev/zero")
    assert caught.value.code == "not_regular"


def test_row_51_both_unicode_forms_of_a_name_are_two_flagged_items(root: Path) -> None:
    composed, decomposed = "caf\u00e9.png", "cafe\u0301.png"
    for name in (composed, decomposed):
        (root / name).write_bytes(picture())
    found = read(root)
    for name in (composed, decomposed):
        one = found[name]
        assert isinstance(one, Record)
        assert one.notes == ("flag:unicode_collision",)


def test_row_52_a_name_that_is_not_utf8_is_quarantined_and_can_be_stored(root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9.png")).write_bytes(picture())
    found = codes(read(root))
    assert found["caf\\udce9.png"] == "name"
    assert printable("caf\udce9").encode() == b"caf\\udce9"


def test_row_53_odd_names_are_taken_and_shown_escaped(root: Path) -> None:
    names = ["new\nline.png", 'quo"te.png', "esc\x1b[31m.png", "rtl\u202egnp.png"]
    for name in names:
        (root / name).write_bytes(picture())
    found = read(root)
    assert all(isinstance(found[name], Record) for name in names)
    assert not set("".join(map(printable, names))) & set("\n\x1b\u202e")


def test_row_54_a_long_name_is_taken_and_a_path_too_long_to_open_is_not(root: Path) -> None:
    name = "n" * 251 + ".png"
    (root / name).write_bytes(picture())
    assert codes(read(root))[name] == "ok"
    with pytest.raises(RejectedInputError) as caught:
        read_regular("/".join([str(root), *["d" * 250] * 20]))
    assert caught.value.code == "name_too_long"


def test_row_54_a_folder_too_deep_to_list_is_quarantined(root: Path) -> None:
    handle = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=handle)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    problems = [entry.problem for entry in list_folder(root).entries]
    assert problems == [None, "name_too_long"]


def test_row_55_names_that_differ_by_case_are_two_flagged_items(root: Path) -> None:
    (root / "A.png").write_bytes(picture())
    found = [one.notes for one in read(root).values() if isinstance(one, Record)]
    assert found == [("flag:case_collision",)] * 2


def test_row_56_names_that_windows_cannot_hold_are_flagged(root: Path) -> None:
    for name in ("CON.png", "x:y.png", "dot.png.", "lpt1"):
        (root / name).write_bytes(picture())
    found = read(root)
    clean = found.pop("a.png")
    assert isinstance(clean, Record) and clean.notes == ()
    for one in found.values():
        assert isinstance(one, Record) and "flag:windows_name" in one.notes


def test_hidden_files_and_sidecars_are_counted_but_are_no_inputs(root: Path) -> None:
    (root / ".git").mkdir()
    (root / ".git" / "x.png").write_bytes(picture())
    (root / "sub").mkdir()
    for name in ("a.txt", "sub/a.xml", "sub/b.XML", "Thumbs.db"):
        (root / name).write_text("about the pictures")
    source = open_source(root, IMAGES)
    assert source.n_inputs == 1
    assert dict(source.passed_over) == {"hidden": 1, ".txt": 1, ".xml": 2, "Thumbs.db": 1}


def test_inputs_come_in_the_order_of_their_path_bytes(root: Path) -> None:
    for name in ("b/z.png", "b.png", "B/y.png", "\u00e9.png", "b/a/c.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture())
    ids = list(read(root))
    assert ids == sorted(ids, key=os.fsencode)
    assert len(ids) == 6


def test_folders_become_labels_only_when_asked(root: Path) -> None:
    (root / "cat" / "deep").mkdir(parents=True)
    (root / "cat" / "deep" / "c.png").write_bytes(picture())
    asked = read(root, replace(IMAGES, labels_from_folders=True))
    labels = {i: o.label for i, o in asked.items() if isinstance(o, Record)}
    assert labels == {"a.png": None, "cat/deep/c.png": "cat"}
    assert all(o.label is None for o in read(root).values() if isinstance(o, Record))


def test_reading_from_the_middle_gives_the_rest_of_the_whole(root: Path) -> None:
    for number in range(70):
        (root / f"{number:02}.png").write_bytes(picture(number) if number % 7 else b"")
    source = open_source(root, IMAGES)
    whole = list(source.read())
    for start in (1, 33, 70, 71):
        assert list(source.read(start)) == whole[start:]


def test_more_workers_give_the_same_records(root: Path) -> None:
    for number in range(100):
        (root / f"{number:02}.png").write_bytes(picture(number))
    assert read(root) == read(root, replace(IMAGES, workers=3))


def test_a_single_picture_is_a_source_of_one(root: Path) -> None:
    assert codes(read(root / "a.png")) == {"a.png": "ok"}


def test_the_signature_follows_files_and_options_but_not_the_workers(root: Path) -> None:
    first = open_source(root, IMAGES).signature()
    assert open_source(root, replace(IMAGES, workers=2)).signature() == first
    assert open_source(root, replace(IMAGES, follow_links=True)).signature() != first
    (root / "b.png").write_bytes(picture())
    assert open_source(root, IMAGES).signature() != first


def test_row_91_yaml_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("!!python/object/apply:os.system ['touch canary']")
    for modality in ("image", "text", "features"):
        with pytest.raises(SourceError, match="must be one of"):
            open_source(tmp_path / "c.yaml", SourceOptions(modality))


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Check the path"):
        open_source(tmp_path / "nowhere", IMAGES)


def test_every_code_that_files_get_is_explained(root: Path) -> None:
    (root / "CON.png").write_bytes(b"")
    (root / "l.png").symlink_to("nowhere.png")
    for code in codes(read(root)).values():
        assert code == "ok" or explain(code)
