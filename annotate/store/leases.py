"""Leases: an item in front of one reviewer is handed to nobody else until its time is up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, insert, select

from annotate.store.tables import leases

_COLUMNS = ("item_no", "holder", "reviewer")
_LIVE = select(*(leases.c[name] for name in _COLUMNS)).where(
    leases.c.item_no.in_(bindparam("item_nos", expanding=True))
    & (leases.c.expires_at_s > bindparam("now_s"))
)


def live_leases(connection: Connection, item_nos: Sequence[int], now_s: float) -> pd.DataFrame:
    """Return item_no, holder and reviewer of the leases on some items that have not run out."""
    rows = connection.execute(_LIVE, {"item_nos": [int(n) for n in item_nos], "now_s": now_s})
    return pd.DataFrame(rows.all(), columns=list(_COLUMNS))


def leased_items(connection: Connection, now_s: float) -> NDArray[np.int64]:
    """Return the items that somebody looks at."""
    query = select(leases.c.item_no).where(leases.c.expires_at_s > now_s)
    return np.unique(np.fromiter(connection.execute(query).scalars(), dtype=np.int64))


def take_leases(
    connection: Connection, item_nos: Sequence[int], holder: str, reviewer: str, until_s: float
) -> None:
    """Lease items to a holder until a time, in seconds of the epoch."""
    numbers = [int(number) for number in item_nos]
    if not numbers:
        return
    release_leases(connection, holder, numbers)
    connection.execute(
        insert(leases),
        [
            {"item_no": n, "holder": holder, "reviewer": reviewer, "expires_at_s": until_s}
            for n in numbers
        ],
    )


def release_leases(connection: Connection, holder: str, item_nos: Sequence[int]) -> None:
    """Give items back."""
    numbers = [int(number) for number in item_nos]
    if numbers:
        connection.execute(
            delete(leases).where((leases.c.holder == holder) & leases.c.item_no.in_(numbers))
        )


def forget_expired(connection: Connection, now_s: float) -> None:
    """Delete the leases whose time is up."""
    connection.execute(delete(leases).where(leases.c.expires_at_s <= now_s))
