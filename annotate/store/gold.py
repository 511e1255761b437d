"""Gold labels: truth that came with the corpus, each with the role it keeps for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, func, insert, select, update

from annotate.store.tables import gold, items

_REPLACEABLE = ("class_no", "schema_version", "origin", "recorded_at_utc")
COLUMNS = ("item_no", "class_no", "schema_version", "role", "origin", "recorded_at_utc")


def insert_gold(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add gold labels; each row has ``COLUMNS``. An item has one gold label at most."""
    if rows:
        connection.execute(insert(gold), list(rows))


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


def read_gold(connection: Connection) -> pd.DataFrame:
    """Return every gold label with its item's sha256 and group, in order of item_no."""
    query = (
        select(*(gold.c[name] for name in COLUMNS), items.c.sha256, items.c.group_key)
        .join(items, items.c.item_no == gold.c.item_no)
        .order_by(gold.c.item_no)
    )
    rows = connection.execute(query).all()
    return pd.DataFrame(rows, columns=[*COLUMNS, "sha256", "group_key"])


def count_gold(connection: Connection) -> int:
    """Return the number of gold labels that have their role."""
    query = select(func.count()).select_from(gold).where(gold.c.role != "unassigned")
    return int(connection.scalar(query) or 0)


def assign_roles(connection: Connection, roles: Mapping[int, str]) -> None:
    """Give gold labels that have no role yet the role they keep, by item_no."""
    if roles:
        connection.execute(
            update(gold)
            .where((gold.c.item_no == bindparam("number")) & (gold.c.role == "unassigned"))
            .values(role=bindparam("new_role")),
            [{"number": number, "new_role": role} for number, role in roles.items()],
        )
