"""Items that a step asks reviewers to see: those of an audit first, of a spot check one in five."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import Connection, func, insert, select

from annotate.store.tables import now_utc, queue_front


def ask_first(connection: Connection, item_nos: Sequence[int], reason: str) -> None:
    """Ask for items, after those already asked for."""
    known = set(connection.execute(select(queue_front.c.item_no)).scalars())
    position = int(connection.scalar(select(func.count()).select_from(queue_front)) or 0)
    rows = [
        {"item_no": int(number), "reason": reason, "added_at_utc": now_utc()}
        for number in item_nos
        if int(number) not in known
    ]
    if rows:
        numbered = [{**row, "position": position + i} for i, row in enumerate(rows)]
        connection.execute(insert(queue_front), numbered)


def read_queue_front(connection: Connection) -> pd.DataFrame:
    """Return item_no and reason of the items asked for, first ones first."""
    query = select(queue_front.c.item_no, queue_front.c.reason).order_by(queue_front.c.position)
    return pd.DataFrame(connection.execute(query).all(), columns=["item_no", "reason"])


def read_reasons(connection: Connection) -> dict[int, str]:
    """Return why a step asked for each item that it asked for."""
    query = select(queue_front.c.item_no, queue_front.c.reason)
    return {int(item_no): reason for item_no, reason in connection.execute(query)}
