"""Bringing a store to this version's tables: forward only, after a backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from annotate.errors import StoreError
from annotate.store.files import FILE_MODE, TEMPORARY_SUFFIX, put_in_place

MIGRATIONS = Path(__file__).with_name("migrations")
# Newest last; a test holds this equal to the revisions in migrations/versions.
REVISIONS = ("0001", "0002", "0003", "0004")


def revision_of(path: Path) -> str | None:
    """Return the store's revision, None for an empty file."""
    with closing(_connect_to_read(path)) as connection:
        tables = {
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        if "alembic_version" not in tables:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def needs_upgrade(path: Path, known: tuple[str, ...] = REVISIONS) -> bool:
    """Return whether the store is older than this version's tables.

    Raises
    ------
    StoreError
        If a newer annotate made the store, or it is not a store of ours.
    """
    revision = revision_of(path)
    if revision is None:
        raise StoreError(
            f"A store must hold annotate's tables; {path} does not. Restore a backup of it."
        )
    if revision not in known:
        raise StoreError(
            f"This annotate knows stores up to revision {known[-1]}; {path} has revision"
            f" {revision}, made by a newer one. Upgrade annotate; the file was not touched."
        )
    return revision != known[-1]


def upgrade(path: Path, scripts: Path = MIGRATIONS) -> None:
    """Run every migration the store lacks, in one transaction: a killed one changes nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["store_path"] = path
    command.upgrade(config, "head")


def upgrade_with_backup(path: Path, scripts: Path = MIGRATIONS) -> Path:
    """Copy the store beside itself, check the copy, then upgrade; return the copy's path."""
    copy = path.with_name(f"{path.name}.before-{revision_of(path)}.backup")
    backup(path, copy)
    upgrade(path, scripts)
    return copy


def backup(path: Path, copy: Path) -> None:
    """Write a consistent copy of a live store, and check it; ``copy`` appears whole or not at all.

    A plain file copy would lose what is still in the write-ahead log.
    """
    temporary = copy.with_name(copy.name + TEMPORARY_SUFFIX)
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=FILE_MODE)
    with (
        closing(_connect_to_read(path)) as source,
        closing(sqlite3.connect(temporary)) as target,
    ):
        source.backup(target)
        verdict = target.execute("PRAGMA quick_check").fetchone()[0]
    if verdict != "ok":
        raise StoreError(
            f"A backup must pass SQLite's check; {temporary} gave '{verdict}'."
            " The store was not changed. Run `annotate doctor DIR`."
        )
    put_in_place(temporary, copy)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
