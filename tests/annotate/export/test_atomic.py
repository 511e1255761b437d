from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from annotate.errors import ExportError, ProjectBusyError
from annotate.export.atomic import atomic_folder
from annotate.export.manifest import ExportCounts, write_manifest
from annotate.schema import new_schema


def finish(folder):
    write_manifest(
        folder,
        annotate_version="0.1.0",
        project_id="p",
        schema=new_schema(["a", "b"]),
        counts=ExportCounts(),
        settings={},
    )


def export(destination, text="x", **options):
    with atomic_folder(destination, **options) as folder:
        (folder / "labels.csv").write_text(text)
        finish(folder)


def test_the_folder_appears_only_at_the_end(tmp_path):
    out = tmp_path / "deep" / "out"
    with atomic_folder(out) as folder:
        (folder / "labels.csv").write_text("x")
        finish(folder)
        assert not out.exists()
    assert sorted(os.listdir(out)) == ["labels.csv", "manifest.json"]
    assert os.listdir(out.parent) == ["out"]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), atomic_folder(tmp_path / "out") as folder:
        (folder / "labels.csv").write_text("x")
        raise KeyError("row")
    assert os.listdir(tmp_path) == []


def test_a_killed_export_leaves_no_destination_and_the_next_one_works(tmp_path):
    out = tmp_path / "out"
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from annotate.export.atomic import atomic_folder\n"
        "with atomic_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'sub').mkdir(); (folder / 'sub' / 'half').write_text('x')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    export(out)
    assert sorted(os.listdir(out)) == ["labels.csv", "manifest.json"]
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_with_other_files_is_never_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ExportError, match="holds other files"):
        export(tmp_path, overwrite=True)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    export(tmp_path / "out")
    assert (tmp_path / "out" / "labels.csv").read_text() == "x"


def test_an_earlier_export_is_replaced_only_when_asked(tmp_path):
    out = tmp_path / "out"
    export(out, "old")
    with pytest.raises(ExportError, match="already holds an export"):
        export(out, "new")
    assert (out / "labels.csv").read_text() == "old"
    export(out, "new", overwrite=True)
    assert (out / "labels.csv").read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_an_earlier_export_with_a_foreign_file_is_not_replaced(tmp_path):
    out = tmp_path / "out"
    export(out)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"notes\.txt"):
        export(out, overwrite=True)
    assert (out / "notes.txt").read_text() == "mine"


def test_a_failed_replacement_keeps_the_earlier_export(tmp_path):
    out = tmp_path / "out"
    export(out, "old")
    with pytest.raises(KeyError), atomic_folder(out, overwrite=True):
        raise KeyError("row")
    assert (out / "labels.csv").read_text() == "old"


def test_a_second_export_to_the_same_place_waits_its_turn(tmp_path):
    out = tmp_path / "out"
    with atomic_folder(out) as folder:
        with pytest.raises(ProjectBusyError, match="another is at work"):
            export(out)
        finish(folder)
    assert os.listdir(out) == ["manifest.json"]


def test_a_full_disk_is_the_users_to_mend(tmp_path):
    with pytest.raises(ExportError, match="is full"), atomic_folder(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_an_export_without_manifest_is_our_bug(tmp_path):
    with pytest.raises(RuntimeError, match="write_manifest"), atomic_folder(tmp_path / "out"):
        pass
    assert not (tmp_path / "out").exists()


def test_an_export_that_did_not_reach_the_disk_does_not_appear(tmp_path, monkeypatch):
    def fail(handle):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        export(tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_every_file_and_folder_is_flushed_before_it_appears(tmp_path, monkeypatch):
    out, flushed = tmp_path / "out", {}
    monkeypatch.setattr(
        os, "fsync", lambda handle: flushed.setdefault(os.fstat(handle).st_ino, out.exists())
    )
    with atomic_folder(out) as folder:
        (folder / "train").mkdir()
        (folder / "train" / "a.png").write_bytes(b"x")
        finish(folder)
    written = [out, out / "train", out / "train" / "a.png", out / "manifest.json"]
    assert [flushed[path.stat().st_ino] for path in written] == [False] * 4
