"""Gold labels: truth that came with the corpus, each with the role it keeps for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from annotate.store.tables import gold, items, meta

# How often gold was added or replaced, or got its role.
N_GOLD_CHANGES = "n_gold_changes"
_REPLACEABLE = ("class_no", "schema_version", "origin", "recorded_at_utc")
COLUMNS = ("item_no", "class_no", "schema_version", "role", "origin", "recorded_at_utc")


def insert_gold(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add gold labels; each row has ``COLUMNS``. An item has one gold label at most."""
    if rows:
        connection.execute(insert(gold), list(rows))
        _note_change(connection)


def replace_gold(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give items another gold label in place of the one they have; each keeps its role."""
    if rows:
        connection.execute(
            update(gold)
            .where(gold.c.item_no == bindparam("number"))
            .values({name: bindparam(f"new_{name}") for name in _REPLACEABLE}),
            [
                {"number": row["item_no"], **{f"new_{name}": row[name] for name in _REPLACEABLE}}
                for row in rows
            ],
        )
        _note_change(connection)


def read_gold(connection: Connection) -> pd.DataFrame:
    """Return every gold label with its item's sha256 and group, in order of item_no."""
    query = (
        select(*(gold.c[name] for name in COLUMNS), items.c.sha256, items.c.group_key)
        .join(items, items.c.item_no == gold.c.item_no)
        .order_by(gold.c.item_no)
    )
    rows = connection.execute(query).all()
    return pd.DataFrame(rows, columns=[*COLUMNS, "sha256", "group_key"])


def count_gold_changes(connection: Connection) -> int:
    """Return how often gold has changed."""
    return int(connection.scalar(select(meta.c.value).where(meta.c.key == N_GOLD_CHANGES)) or 0)


def assign_roles(connection: Connection, roles: Mapping[int, str]) -> None:
    """Give gold labels that have no role yet the role they keep, by item_no."""
    if roles:
        connection.execute(
            update(gold)
            .where((gold.c.item_no == bindparam("number")) & (gold.c.role == "unassigned"))
            .values(role=bindparam("new_role")),
            [{"number": number, "new_role": role} for number, role in roles.items()],
        )
        _note_change(connection)


def _note_change(connection: Connection) -> None:
    # Counted and not timed: a step that was killed and run again leaves what an unbroken one does.
    n_changes = count_gold_changes(connection) + 1
    connection.execute(delete(meta).where(meta.c.key == N_GOLD_CHANGES))
    connection.execute(insert(meta).values(key=N_GOLD_CHANGES, value=str(n_changes)))
