"""Alembic's entry: runs migrations against the store that `annotate.store.migrate` names."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import URL, Connection, create_engine, event, inspect, pool, text

from annotate.store.tables import metadata

path = str(context.config.attributes["store_path"])
engine = create_engine(URL.create("sqlite", database=path), poolclass=pool.NullPool)


@event.listens_for(engine, "connect")
def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")
    # A rebuilt table must not take the rows that point to it along.
    connection.execute("PRAGMA foreign_keys=OFF")


@event.listens_for(engine, "begin")
def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def decisions_on_record(connection: Connection) -> int:
    """Return the number of decisions, 0 before there is a table for them."""
    if "decisions" not in inspect(connection).get_table_names():
        return 0
    return int(connection.scalar(text("SELECT count(*) FROM decisions")) or 0)


with engine.connect() as connection:
    # SQLite can undo changes of tables; Alembic must be told, to put all into one transaction.
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        before = decisions_on_record(connection)
        context.run_migrations()
        after = decisions_on_record(connection)
        strays = connection.execute(text("PRAGMA foreign_key_check")).all()
        if after != before or strays:
            raise RuntimeError(
                f"A migration must keep all decisions and references; it left {after} of {before}"
                f" decisions and {len(strays)} rows that name no other. Nothing was changed."
            )
