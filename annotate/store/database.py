"""Opening the store, and the two ways into it: ``read`` and ``write``.

A write goes through the project's gate, then ``BEGIN IMMEDIATE``; "saved" may be said once
``write`` has returned, because ``synchronous=FULL`` has then put the commit on disk.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, insert, select, text

from annotate.errors import StoreError
from annotate.store import migrate
from annotate.store.files import FILE_MODE, TEMPORARY_SUFFIX, make_private_folder, put_in_place
from annotate.store.locks import WriteGate
from annotate.store.paths import ProjectPaths, check_file_system
from annotate.store.sqlite_errors import sqlite_errors_in_words
from annotate.store.tables import decisions, meta, now_utc

_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    # On macOS a plain fsync leaves data in the drive's own cache; elsewhere these change nothing.
    "PRAGMA fullfsync=ON",
    "PRAGMA checkpoint_fullfsync=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA temp_store=MEMORY",
)
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


class Store:
    """The tables of one open project.

    Threads may share it; a forked process must open its own.
    """

    def __init__(self, paths: ProjectPaths) -> None:
        self.paths = paths
        self._process = os.getpid()
        self._gate = WriteGate(paths.write_lock)
        self._reader = _engine(paths.store, "BEGIN", query_only=True)
        self._writer = _engine(paths.store, "BEGIN IMMEDIATE", query_only=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and cannot write."""
        self._check_process()
        with sqlite_errors_in_words(self.paths.store), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose work is committed on leaving, or undone if an error leaves it.

        Other writers wait meanwhile: compute first, then write, and never longer than 100 ms.

        Raises
        ------
        StoreError
            If the disk is full, or the store cannot be written; nothing was stored.
        RuntimeError
            If this thread is writing already.
        """
        self._check_process()
        with (
            sqlite_errors_in_words(self.paths.store),
            self._gate.held(),
            self._writer.begin() as connection,
        ):
            yield connection

    def project_id(self) -> str:
        """Return the id this project got when it was made."""
        with self.read() as connection:
            return str(connection.scalar(select(meta.c.value).where(meta.c.key == "project_id")))

    def check_integrity(self) -> list[str]:
        """Return what is wrong with the file, its references or the log's end; [] when sound."""
        with self.read() as connection:
            rows = connection.execute(text("PRAGMA integrity_check")).scalars().all()
            strays = connection.execute(text("PRAGMA foreign_key_check")).all()
            newest = connection.scalar(select(func.max(decisions.c.seq))) or 0
            # SQLite remembers the highest number it ever gave: a log cut at its end shows.
            given = connection.scalar(
                text("SELECT seq FROM sqlite_sequence WHERE name = 'decisions'")
            )
        found = [] if rows == ["ok"] else [str(row) for row in rows]
        found += [f"row {row} of {table} names no row of {to}" for table, row, to, _ in strays]
        if given is not None and given != newest:
            found.append(f"decisions end at number {newest:,}, but {given:,} were stored")
        return found

    def close(self) -> None:
        """Close every connection; the last to leave checkpoints, so it is done under the gate."""
        with self._gate.held():
            self._reader.dispose()
            self._writer.dispose()

    def _check_process(self) -> None:
        # SQLite's connections and locks break when two processes share them.
        if os.getpid() != self._process:
            raise RuntimeError("A store must not be used across a fork; open it in the child.")


def create_store(paths: ProjectPaths) -> Store:
    """Make the empty store of a new project and return it open.

    A killed call leaves no store, and can be made again.

    Raises
    ------
    StoreError
        If a store is there already, or the project lies on a network file system.
    """
    check_file_system(paths.root)
    make_private_folder(paths.locks)
    with WriteGate(paths.write_lock).held(), sqlite_errors_in_words(paths.store):
        if paths.store.exists():
            raise StoreError(
                f"A new project must have no store yet; {paths.store} is there."
                " Open it, or give another folder."
            )
        fresh = paths.store.with_name(paths.store.name + TEMPORARY_SUFFIX)
        _build(fresh)
        put_in_place(fresh, paths.store)
    return Store(paths)


def open_store(paths: ProjectPaths) -> Store:
    """Open the store of an existing project; an older one is backed up, then migrated.

    Raises
    ------
    StoreError
        If there is none, if a newer annotate made it, if it is damaged beyond reading, or if it
        lies on a network file system. The file is left untouched.
    """
    if not paths.store.exists():
        raise StoreError(
            f"A project must have a store; {paths.store} is missing. Restore a backup of it."
        )
    check_file_system(paths.root)
    make_private_folder(paths.locks)
    with sqlite_errors_in_words(paths.store):
        if migrate.needs_upgrade(paths.store):
            with WriteGate(paths.write_lock).held():
                # Another process may have done it while this one waited.
                if migrate.needs_upgrade(paths.store):
                    migrate.upgrade_with_backup(paths.store)
    return Store(paths)


def _build(path: Path) -> None:
    for suffix in _SIDE_FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.touch(mode=FILE_MODE)
    with closing(sqlite3.connect(path)) as connection:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(
            f"The store must use SQLite's write-ahead log; this file system gave '{mode}'."
            " Put the project on a local disk."
        )
    migrate.upgrade(path)
    engine = _engine(path, "BEGIN IMMEDIATE", query_only=False)
    with engine.begin() as connection:
        about = {"project_id": str(uuid.uuid4()), "created_at_utc": now_utc()}
        connection.execute(insert(meta), [{"key": k, "value": v} for k, v in about.items()])
    engine.dispose()  # the last connection to close moves everything from the log into the file


def _engine(path: Path, begin: str, *, query_only: bool) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)))

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # Transactions are begun by us: the driver's own BEGIN would be a deferred one.
        connection.isolation_level = None
        for pragma in (*_PRAGMAS, f"PRAGMA query_only={'ON' if query_only else 'OFF'}"):
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
