from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from annotate.errors import StoreError
from annotate.store import migrate
from annotate.store.database import Store, open_store
from annotate.store.decisions import append_decisions, broken_links, read_decisions
from annotate.store.files import file_sha256
from annotate.store.paths import ProjectPaths
from annotate.store.tables import metadata
from tests.annotate.store.small_project import decision

NEWEST = migrate.REVISIONS[-1]
NEXT = """
import os, signal
from alembic import op
import sqlalchemy as sa
revision, down_revision = "next", "{newest}"
def upgrade():
    op.add_column("items", sa.Column("colour", sa.Text(), server_default="grey", nullable=False))
    with op.batch_alter_table("sources") as batch:  # SQLite rebuilds the table for this
        batch.alter_column("kind", new_column_name="sort")
"""
AFTER = """
from alembic import op
revision, down_revision = "after", "next"
def upgrade():
    {body}
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The real migrations, and one more."""
    folder = Path(shutil.copytree(migrate.MIGRATIONS, tmp_path / "migrations"))
    (folder / "versions" / "next.py").write_text(NEXT.format(newest=NEWEST))
    return folder


def add_another(scripts: Path, body: str) -> None:
    (scripts / "versions" / "after.py").write_text(AFTER.format(body=body))


def columns_of(path: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def definitions(path: Path) -> dict[str, list[str]]:
    """Return each table's and index's columns and constraints, in no particular order."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type != 'trigger'"
            " AND name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
    return {name: sorted(re.split(r",\s*\n|\n", sql)) for name, sql in rows}


def test_migrations_build_the_tables_that_the_code_uses(template: Path):
    engine = create_engine(f"sqlite:///{template / 'store.sqlite'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrations_build_every_constraint_that_the_code_states(template: Path, tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path / 'stated.sqlite'}")
    metadata.create_all(engine)
    engine.dispose()
    stated = definitions(tmp_path / "stated.sqlite")
    built = definitions(template / "store.sqlite")
    assert {k: [line.strip() for line in v] for k, v in built.items()} == {
        k: [line.strip() for line in v] for k, v in stated.items()
    }


def test_the_known_revisions_are_those_in_the_folder():
    files = sorted((migrate.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert tuple(file.name[:4] for file in files) == migrate.REVISIONS


def test_a_newer_store_is_refused_and_not_touched(paths: ProjectPaths):
    with closing(sqlite3.connect(paths.store)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = (paths.store.stat().st_mtime_ns, file_sha256(paths.store))
    with pytest.raises(StoreError, match="revision 9999, made by a newer one"):
        open_store(paths)
    assert (paths.store.stat().st_mtime_ns, file_sha256(paths.store)) == before


def test_an_old_store_is_backed_up_and_migrated_with_everything_in_it(store: Store, scripts: Path):
    append_decisions(store, [decision(f"e{n}", item_no=n % 20) for n in range(50)])
    with store.read() as connection:
        before = read_decisions(connection)
    copy = migrate.upgrade_with_backup(store.paths.store, scripts)
    with store.read() as connection:
        assert read_decisions(connection).equals(before)
        assert broken_links(connection) == []
    assert "colour" in columns_of(store.paths.store, "items")
    assert "sort" in columns_of(store.paths.store, "sources")
    assert migrate.revision_of(copy) == NEWEST
    assert copy.stat().st_mode & 0o777 == 0o600


def test_the_backup_is_the_store_as_it_was(store: Store, scripts: Path, tmp_path: Path):
    append_decisions(store, [decision("only in the log")])
    copy = migrate.upgrade_with_backup(store.paths.store, scripts)
    restored = ProjectPaths(tmp_path / "restored")
    restored.root.mkdir()
    shutil.copy(copy, restored.store)
    again = open_store(restored)
    with again.read() as connection:
        assert read_decisions(connection)["event_id"].tolist() == ["only in the log"]
    again.close()
    assert list(copy.parent.glob("*.backup*")) == [copy]


def test_opening_an_old_store_migrates_it(
    paths: ProjectPaths, scripts: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(migrate.needs_upgrade, "__defaults__", ((NEWEST, "next"),))
    monkeypatch.setattr(migrate.upgrade_with_backup, "__defaults__", (scripts,))
    open_store(paths).close()
    assert migrate.revision_of(paths.store) == "next"
    assert migrate.revision_of(paths.root / f"store.sqlite.before-{NEWEST}.backup") == NEWEST


def test_a_second_process_that_waited_does_not_migrate_again(
    paths: ProjectPaths, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def first_yes_then_no(path: Path) -> bool:
        asked.append("?")
        return len(asked) == 1

    monkeypatch.setattr(migrate, "needs_upgrade", first_yes_then_no)
    monkeypatch.setattr(migrate, "upgrade_with_backup", lambda path: pytest.fail("migrated again"))
    open_store(paths).close()
    assert len(asked) == 2


@pytest.mark.parametrize(
    "body",
    [
        "raise ZeroDivisionError",
        "op.execute('DROP TRIGGER decisions_no_delete'); op.execute('DELETE FROM decisions')",
        "op.execute('DELETE FROM items WHERE item_no = 0')",
    ],
    ids=["fails", "loses decisions", "loses what decisions point to"],
)
def test_a_migration_that_goes_wrong_changes_nothing(body: str, store: Store, scripts: Path):
    append_decisions(store, [decision("a")])
    add_another(scripts, body)
    with pytest.raises((ZeroDivisionError, RuntimeError)):
        migrate.upgrade_with_backup(store.paths.store, scripts)
    assert migrate.revision_of(store.paths.store) == NEWEST
    assert "colour" not in columns_of(store.paths.store, "items")
    append_decisions(store, [decision("b")])
    with store.read() as connection:
        assert broken_links(connection) == []


def test_a_killed_migration_leaves_the_old_store(paths: ProjectPaths, scripts: Path):
    add_another(scripts, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    code = "import sys; from pathlib import Path; from annotate.store import migrate;"
    code += "migrate.upgrade_with_backup(Path(sys.argv[1]), Path(sys.argv[2]))"
    run = subprocess.run([sys.executable, "-c", code, str(paths.store), str(scripts)])
    assert run.returncode == -signal.SIGKILL
    assert migrate.revision_of(paths.store) == NEWEST
    store = open_store(paths)
    append_decisions(store, [decision("after the kill")])
    assert store.check_integrity() == []
    store.close()


def test_a_backup_made_under_writers_is_a_prefix_of_the_log(store: Store, tmp_path: Path):
    stop = threading.Event()

    def write_on() -> None:
        number = 0
        while not stop.is_set():
            append_decisions(store, [decision(f"e{number}")])
            number += 1

    writer = threading.Thread(target=write_on)
    writer.start()
    copies = []
    for number in range(5):
        copies.append(tmp_path / f"{number}.sqlite")
        migrate.backup(store.paths.store, copies[-1])
    stop.set()
    writer.join()
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            ids = [
                id for (id,) in connection.execute("SELECT event_id FROM decisions ORDER BY seq")
            ]
        assert ids == [f"e{number}" for number in range(len(ids))]
