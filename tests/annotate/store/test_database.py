from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from annotate.errors import StoreError
from annotate.store.database import Store, create_store, open_store
from annotate.store.decisions import append_decisions, count_decisions
from annotate.store.items import count_items
from annotate.store.paths import ProjectPaths
from annotate.store.tables import meta
from tests.annotate.store.small_project import decision

DISK_FULL = """
import resource, sys
from pathlib import Path
from annotate.errors import StoreError
from annotate.store.database import open_store
from annotate.store.decisions import Decision, append_decisions
from annotate.store.paths import ProjectPaths
store = open_store(ProjectPaths(Path(sys.argv[1])))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
saved = 0
try:
    for number in range(10_000):
        event = Decision(str(number), 0, "ann", "flag", 1, payload={"note": "x" * 1000})
        append_decisions(store, [event])
        saved += 1
except StoreError as error:
    print(saved, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
append_decisions(store, [event])
"""


def test_a_new_store_opens_again_with_what_was_written(tmp_path: Path):
    made = create_store(ProjectPaths(tmp_path / "new"))
    project_id = made.project_id()
    made.close()
    opened = open_store(ProjectPaths(tmp_path / "new"))
    assert opened.project_id() == project_id
    assert opened.check_integrity() == []
    opened.close()


def test_a_closed_store_is_one_file(template: Path):
    assert sorted(path.name for path in template.iterdir()) == [".locks", "store.sqlite"]


@pytest.mark.parametrize("way", ["read", "write"])
def test_every_connection_is_durable_and_checks_references(way: str, store: Store):
    expected = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30000}
    with getattr(store, way)() as connection:
        for pragma, value in expected.items():
            assert connection.scalar(text(f"PRAGMA {pragma}")) == value
        assert connection.scalar(text("PRAGMA mmap_size")) == 0


def test_an_error_undoes_the_whole_write(store: Store):
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        connection.execute(meta.insert().values(key="half", value="done"))
        raise ZeroDivisionError
    with store.read() as connection:
        assert connection.scalar(select(meta.c.value).where(meta.c.key == "half")) is None


def test_reading_cannot_write(store: Store):
    with pytest.raises(StoreError, match="may not be written"), store.read() as connection:
        connection.execute(meta.insert().values(key="a", value="b"))


def test_a_reader_sees_one_state_while_others_write(store: Store):
    with store.read() as connection:
        before = count_decisions(connection)
        append_decisions(store, [decision("while-reading")])
        assert count_decisions(connection) == before
    with store.read() as connection:
        assert count_decisions(connection) == before + 1


def test_a_write_inside_a_write_is_an_error_and_not_a_hang(store: Store):
    with pytest.raises(RuntimeError, match="inside another"), store.write():
        append_decisions(store, [decision("a")])


def test_breaking_a_constraint_is_our_own_error(store: Store):
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(text("INSERT INTO gold VALUES (999, 0, 1, 'train', 'x', 'y')"))
    with pytest.raises(OperationalError), store.read() as connection:
        connection.execute(text("SELECT * FROM no_such_table"))


def test_two_processes_write_one_store(store: Store):
    code = (
        "import sys; from pathlib import Path; from annotate.store.database import open_store;"
        "from annotate.store.paths import ProjectPaths;"
        "from annotate.store.decisions import Decision, append_decisions;"
        "s = open_store(ProjectPaths(Path(sys.argv[1])));"
        "[append_decisions(s, [Decision(f'b{i}', 1, 'bob', 'skip', 1)]) for i in range(30)]"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(store.paths.root)])
    number = 0
    while other.poll() is None:
        append_decisions(store, [decision(f"a{number}")])
        number += 1
    assert other.returncode == 0
    with store.read() as connection:
        assert count_decisions(connection) == number + 30


def test_a_full_disk_is_said_and_nothing_saved_is_lost(paths: ProjectPaths):
    run = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(paths.root)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    saved = int(run.stdout.split()[0])
    assert saved > 0
    assert "the disk" in run.stdout
    store = open_store(paths)
    with store.read() as connection:
        # The last event was sent again after space was freed.
        assert count_decisions(connection) == saved + 1
    assert store.check_integrity() == []
    store.close()


def test_a_missing_store_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="missing"):
        open_store(ProjectPaths(tmp_path))


def test_a_new_project_does_not_replace_a_store(paths: ProjectPaths):
    before = paths.store.read_bytes()
    with pytest.raises(StoreError, match="must have no store yet"):
        create_store(paths)
    assert paths.store.read_bytes() == before


def test_what_a_killed_creation_left_is_no_hindrance(tmp_path: Path):
    (tmp_path / "store.sqlite.tmp").write_bytes(b"half")
    (tmp_path / "store.sqlite.tmp-wal").write_bytes(b"half")
    store = create_store(ProjectPaths(tmp_path))
    assert store.check_integrity() == []
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".locks", "store.sqlite"]


@pytest.mark.parametrize("content", [b"", b"no database at all, but quite long " * 40])
def test_a_file_that_is_no_store_is_refused_and_kept(content: bytes, tmp_path: Path):
    (tmp_path / "store.sqlite").write_bytes(content)
    with pytest.raises(StoreError, match="backup"):
        open_store(ProjectPaths(tmp_path))
    assert (tmp_path / "store.sqlite").read_bytes() == content


def test_a_damaged_page_is_found_and_named(paths: ProjectPaths):
    content = bytearray(paths.store.read_bytes())
    content[8192:12288] = bytes(range(256)) * 16
    paths.store.write_bytes(bytes(content))
    store = open_store(paths)
    try:
        found = store.check_integrity()
    except StoreError as error:
        found = [str(error)]
    assert found
    store.close()


def test_a_row_that_names_no_other_is_found(store: Store):
    with closing(sqlite3.connect(store.paths.store)) as connection, connection:
        connection.execute("INSERT INTO gold VALUES (999, 0, 1, 'train', 'x', 'y')")
    assert store.check_integrity() == ["row 999 of gold names no row of items"]


def test_hostile_folder_names_are_names(tmp_path: Path):
    paths = ProjectPaths(tmp_path / "a?mode=ro&b#c%20 'ü")
    create_store(paths).close()
    store = open_store(paths)
    with store.read() as connection:
        assert count_items(connection) == 0
    store.close()
    assert paths.store.exists()


def test_a_forked_process_must_open_its_own_store(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(RuntimeError, match="across a fork"):
        store.project_id()


def test_the_store_is_for_its_owner_only_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        store = create_store(ProjectPaths(tmp_path / "project"))
        root = tmp_path / "project"
        with store.write() as connection:
            connection.execute(meta.insert().values(key="a", value="b"))
        files = [path for path in root.rglob("*") if path.is_file()]
        assert len(files) == 4  # the store, its log, the log's index and the lock
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        folders = [root, root / ".locks"]
        assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
        store.close()
    finally:
        os.umask(before)
