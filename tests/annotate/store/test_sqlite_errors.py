from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.errors import ProjectBusyError, StoreError
from annotate.store.sqlite_errors import sqlite_errors_in_words


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "a.sqlite", timeout=0, isolation_level=None)
    connection.execute("CREATE TABLE t (content UNIQUE)")
    yield connection
    connection.close()


def test_a_full_disk_says_that_nothing_was_stored(connection: sqlite3.Connection):
    connection.execute("PRAGMA max_page_count = 5")
    message = r"birds\.sqlite must be usable; the disk is full\. Nothing of this was stored"
    with pytest.raises(StoreError, match=message), sqlite_errors_in_words(Path("birds.sqlite")):
        connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")


def test_a_foreign_lock_makes_the_project_busy(connection: sqlite3.Connection, tmp_path: Path):
    other = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ProjectBusyError), sqlite_errors_in_words(tmp_path):
        connection.execute("INSERT INTO t VALUES (1)")
    other.close()


def test_our_own_mistakes_pass_as_they_are(connection: sqlite3.Connection, tmp_path: Path):
    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError), sqlite_errors_in_words(tmp_path):
        connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.OperationalError), sqlite_errors_in_words(tmp_path):
        connection.execute("SELECT * FROM absent")
