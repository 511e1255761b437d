from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from annotate.store import health
from annotate.store.arrays import create_array
from annotate.store.database import open_store
from annotate.store.decisions import append_decisions
from annotate.store.files import file_sha256, write_bytes
from annotate.store.health import check_store, is_sound_sqlite
from annotate.store.history import record_selection
from annotate.store.paths import ProjectPaths
from tests.annotate.store.small_project import decision


@pytest.fixture
def lived_in(paths: ProjectPaths) -> ProjectPaths:
    """A closed project with decisions, an array of three parts and a selection."""
    store = open_store(paths)
    append_decisions(store, [decision(f"e{n}") for n in range(5)])
    array = create_array(store, "features", "x", 2, part_rows=4)
    for part_no in range(3):
        array.write_part(part_no, np.full((4, 2), part_no))
    write_bytes(paths.selection("s"), b"a selection")
    record = {"selection_id": "s", "prediction_id": "p", "selectors": [], "n_accepted": 0}
    with store.write() as connection:
        record_selection(connection, {**record, "sha256": file_sha256(paths.selection("s"))})
    store.close()
    return paths


def complaints(paths: ProjectPaths) -> list[str]:
    """Return level and text of what is not ok, this machine's SQLite aside."""
    findings = [f for f in check_store(paths) if not f.what.startswith("SQLite ")]
    bad = [finding for finding in findings if finding.level != "ok"]
    assert all(finding.advice or "Restore" in finding.what for finding in bad)
    return [f"{finding.level}: {finding.what}" for finding in bad]


def meddle(paths: ProjectPaths, *statements: str) -> None:
    with closing(sqlite3.connect(paths.store)) as connection, connection:
        connection.execute("DROP TRIGGER decisions_no_update")
        connection.execute("DROP TRIGGER decisions_no_delete")
        for statement in statements:
            connection.execute(statement)


def make_old(path: Path) -> None:
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(path, (long_ago, long_ago))


def test_a_sound_project_has_no_complaints_and_is_not_changed(lived_in: ProjectPaths):
    before = {p: p.read_bytes() for p in lived_in.root.rglob("*") if p.is_file()}
    assert complaints(lived_in) == []
    assert {p: p.read_bytes() for p in lived_in.root.rglob("*") if p.is_file()} == before
    assert any(f.what.startswith("5 decisions") for f in check_store(lived_in))


@pytest.mark.parametrize(
    ("version", "sound"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 9), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_versions_of_sqlite_that_can_lose_commits_are_known(version, sound: bool):
    assert is_sound_sqlite(version) is sound


def test_an_sqlite_that_can_lose_commits_is_a_warning(
    lived_in: ProjectPaths, monkeypatch: pytest.MonkeyPatch
):
    levels = []
    for version in ((3, 40, 1), (3, 51, 3)):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        levels.append(check_store(lived_in)[0].level)
    assert levels == ["warning", "ok"]


def test_a_changed_decision_is_a_problem(lived_in: ProjectPaths):
    meddle(lived_in, "UPDATE decisions SET class_no = 3 WHERE seq = 2")
    (complaint,) = complaints(lived_in)
    assert complaint.startswith("problem: Decisions were changed or removed")
    assert "the first is number 2" in complaint


def test_a_log_cut_off_at_its_end_is_a_problem(lived_in: ProjectPaths):
    meddle(lived_in, "DELETE FROM decisions WHERE seq > 3")
    assert complaints(lived_in) == [
        "problem: The store is damaged: decisions end at number 3, but 5 were stored."
    ]


def test_a_reference_to_nothing_is_a_problem(lived_in: ProjectPaths):
    meddle(lived_in, "DELETE FROM items WHERE item_no = 0")
    assert complaints(lived_in)[0].endswith("of decisions names no row of items.")


def test_a_damaged_or_missing_array_file_is_named(lived_in: ProjectPaths):
    parts = lived_in.array("features", "x")
    (parts / "part-00001.npy").write_bytes(b"half")
    (parts / "part-00002.npy").unlink()
    lived_in.selection("s").write_bytes(b"another selection")
    assert complaints(lived_in) == [
        f"problem: {parts / 'part-00001.npy'} is damaged.",
        f"problem: {parts / 'part-00002.npy'} is missing.",
        f"problem: {lived_in.selection('s')} is damaged.",
    ]


def test_files_of_killed_steps_are_named_once_they_are_a_day_old(lived_in: ProjectPaths):
    orphan = lived_in.array("features", "gone") / "part-00000.npy"
    temporary = lived_in.media("ab" * 32).with_suffix(".tmp")
    for stray in (orphan, temporary):
        write_bytes(stray, b"x" * 2**20)
    assert complaints(lived_in) == []
    make_old(orphan)
    make_old(temporary)
    make_old(lived_in.selection("s"))
    assert complaints(lived_in) == [
        f"warning: 2 files of killed steps take 2 MiB, such as {orphan}."
    ]


def test_little_space_and_a_large_log_are_warnings(
    lived_in: ProjectPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(health, "LITTLE_SPACE_BYTES", 1 << 60)
    monkeypatch.setattr(health, "LARGE_LOG_BYTES", 0)
    store = open_store(lived_in)
    append_decisions(store, [decision("in the log")])
    assert any("MiB are free" in text for text in complaints(lived_in))
    assert any("write-ahead log holds" in text for text in complaints(lived_in))
    store.close()


def test_a_store_that_others_may_read_is_a_warning(lived_in: ProjectPaths):
    lived_in.store.chmod(0o644)
    assert complaints(lived_in) == ["warning: Other users of this machine may open store.sqlite."]


def test_a_damaged_file_is_a_problem_and_no_traceback(lived_in: ProjectPaths):
    content = bytearray(lived_in.store.read_bytes())
    content[4096:] = np.random.default_rng(0).bytes(len(content) - 4096)
    lived_in.store.write_bytes(bytes(content))
    assert any(complaint.startswith("problem: ") for complaint in complaints(lived_in))


def test_a_missing_store_is_a_problem(lived_in: ProjectPaths):
    shutil.rmtree(lived_in.root / "arrays")
    lived_in.store.unlink()
    (complaint,) = complaints(lived_in)
    assert complaint.startswith("problem: ") and "is missing" in complaint


def test_an_older_store_is_left_as_it_is(lived_in: ProjectPaths, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        health.migrate.needs_upgrade, "__defaults__", ((health.migrate.REVISIONS[-1], "next"),)
    )
    (complaint,) = complaints(lived_in)
    assert "is of an older annotate" in complaint
    assert not list(lived_in.root.glob("*.backup"))
