"""Items, their sources, and what was put into quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select, update

from annotate.store.tables import canonical_json, items, meta, now_utc, quarantine, sources

OUTCOMES = ("ok", "normalised", "flagged", "quarantined")
LAST_DROP = "last_drop_at_utc"
_LOOK_UP_AT_ONCE = 500  # below every database's limit on bound parameters


def find_or_start_source(
    connection: Connection, location: str, kind: str, signature: str, options: Mapping[str, Any]
) -> tuple[int, int, bool]:
    """Return (source_no, inputs seen so far, whether all were); record the source if it is new."""
    row = connection.execute(
        select(sources.c.source_no, sources.c.n_seen, sources.c.finished).where(
            (sources.c.location == location) & (sources.c.signature == signature)
        )
    ).one_or_none()
    if row is not None:
        return row.source_no, row.n_seen, bool(row.finished)
    result = connection.execute(
        insert(sources).values(
            location=location, kind=kind, signature=signature, options=canonical_json(options),
            n_seen=0, n_ok=0, n_normalised=0, n_flagged=0, n_quarantined=0, finished=0,
            updated_at_utc=now_utc(),
        )
    )  # fmt: skip
    return int(result.inserted_primary_key[0]), 0, False  # type: ignore[index]


def count_outcomes(connection: Connection, source_no: int, counts: Mapping[str, int]) -> None:
    """Add the outcomes of one batch to its source's counts."""
    changes: dict[str, Any] = {
        f"n_{outcome}": sources.c[f"n_{outcome}"] + counts.get(outcome, 0) for outcome in OUTCOMES
    }
    connection.execute(
        update(sources)
        .where(sources.c.source_no == source_no)
        .values(n_seen=sources.c.n_seen + sum(counts.values()), updated_at_utc=now_utc(), **changes)
    )


def finish_source(connection: Connection, source_no: int) -> None:
    """Record that every input of the source has its outcome."""
    connection.execute(update(sources).where(sources.c.source_no == source_no).values(finished=1))


def source_counts(connection: Connection, source_no: int | None = None) -> dict[str, int]:
    """Return seen, ok, normalised, flagged and quarantined of one source, or of all."""
    names = ("seen", *OUTCOMES)
    query = select(*(func.coalesce(func.sum(sources.c[f"n_{name}"]), 0) for name in names))
    if source_no is not None:
        query = query.where(sources.c.source_no == source_no)
    return dict(zip(names, connection.execute(query).one(), strict=True))


def insert_items(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add items; each row has the columns of the table ``items``."""
    if rows:
        connection.execute(insert(items), list(rows))


def insert_quarantine(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add quarantined inputs; each row has the columns of the table ``quarantine``."""
    if rows:
        connection.execute(insert(quarantine), list(rows))


def count_items(connection: Connection) -> int:
    """Return the number of items ever accepted, dropped ones included: the next item_no."""
    highest = connection.scalar(select(func.max(items.c.item_no)))
    return 0 if highest is None else int(highest) + 1


def count_kept_items(connection: Connection) -> int:
    """Return the number of items that were not dropped."""
    query = select(func.count()).where(items.c.dropped_at_utc.is_(None))
    return int(connection.scalar(query) or 0)


def known_ids(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return {id: (item_no, sha256)} for those of ``ids`` that are items."""
    return {
        row.item_id: (row.item_no, row.sha256)
        for chunk in _chunks(ids)
        for row in connection.execute(
            select(items.c.item_id, items.c.item_no, items.c.sha256).where(
                items.c.item_id.in_(chunk)
            )
        )
    }


def known_contents(connection: Connection, sha256s: Sequence[str]) -> dict[str, str]:
    """Return {sha256: id of the first item with that content}."""
    found: dict[str, tuple[int, str]] = {}
    for chunk in _chunks(sha256s):
        query = select(items.c.sha256, items.c.item_no, items.c.item_id).where(
            items.c.sha256.in_(chunk)
        )
        for sha256, item_no, item_id in connection.execute(query):
            if sha256 not in found or item_no < found[sha256][0]:
                found[sha256] = (item_no, item_id)
    return {sha256: item_id for sha256, (_, item_id) in found.items()}


def read_items(
    connection: Connection,
    columns: Sequence[str],
    start: int = 0,
    stop: int | None = None,
) -> pd.DataFrame:
    """Return the given columns of items start to stop - 1, in order of item_no."""
    query = select(*(items.c[name] for name in columns)).where(items.c.item_no >= start)
    if stop is not None:
        query = query.where(items.c.item_no < stop)
    rows = connection.execute(query.order_by(items.c.item_no)).all()
    return pd.DataFrame(rows, columns=list(columns))


def read_items_at(
    connection: Connection, columns: Sequence[str], item_nos: Sequence[int]
) -> pd.DataFrame:
    """Return the given columns of some items, in the order of ``item_nos``; index is item_no."""
    wanted = [int(number) for number in item_nos]
    rows = [
        row
        for chunk in _chunks(wanted)
        for row in connection.execute(
            select(items.c.item_no.label("_no"), *(items.c[name] for name in columns)).where(
                items.c.item_no.in_(chunk)
            )
        )
    ]
    frame = pd.DataFrame(rows, columns=["_no", *columns]).set_index("_no")
    return frame.loc[wanted]


def item_index(connection: Connection) -> pd.Index:
    """Return every item id, position = item_no: ``get_indexer`` aligns other tables with it."""
    return pd.Index(connection.execute(select(items.c.item_id).order_by(items.c.item_no)).scalars())


def items_in_group(connection: Connection, group: str) -> NDArray[np.int64]:
    """Return the items of one group."""
    query = select(items.c.item_no).where(items.c.group_key == group)
    return np.fromiter(connection.execute(query).scalars(), dtype=np.int64)


def items_with_text(connection: Connection, wanted: str) -> NDArray[np.int64]:
    """Return the items whose text or id holds ``wanted``; case counts only outside ASCII."""
    found = items.c.text.icontains(wanted, autoescape=True) | items.c.item_id.icontains(
        wanted, autoescape=True
    )
    query = select(items.c.item_no).where(found)
    return np.fromiter(connection.execute(query).scalars(), dtype=np.int64)


def dropped_mask(connection: Connection, n_items: int) -> NDArray[np.bool_]:
    """Return (n_items,) True for items that were dropped."""
    mask = np.zeros(n_items, dtype=bool)
    query = select(items.c.item_no).where(items.c.dropped_at_utc.is_not(None))
    numbers = np.fromiter(connection.execute(query).scalars(), dtype=np.int64)
    mask[numbers[numbers < n_items]] = True
    return mask


def drop_items(connection: Connection, item_nos: Sequence[int]) -> None:
    """Mark items as dropped; they keep their number and their history."""
    for chunk in _chunks(item_nos):
        connection.execute(
            update(items)
            .where(items.c.item_no.in_(chunk) & items.c.dropped_at_utc.is_(None))
            .values(dropped_at_utc=now_utc())
        )
    # Noted apart, so that whoever keeps what was read need not look at every item again.
    connection.execute(delete(meta).where(meta.c.key == LAST_DROP))
    connection.execute(insert(meta).values(key=LAST_DROP, value=now_utc()))


def read_quarantine(connection: Connection) -> pd.DataFrame:
    """Return every quarantined input: source, input_no, input_id, code, detail."""
    query = (
        select(
            sources.c.location,
            quarantine.c.input_no,
            quarantine.c.input_id,
            quarantine.c.code,
            quarantine.c.detail,
        )
        .join(sources, sources.c.source_no == quarantine.c.source_no)
        .order_by(quarantine.c.source_no, quarantine.c.input_no)
    )
    rows = connection.execute(query).all()
    return pd.DataFrame(rows, columns=["source", "input_no", "input_id", "code", "detail"])


def quarantine_by_code(connection: Connection, source_no: int | None = None) -> dict[str, int]:
    """Return how many inputs of one source, or of all, each reason code holds, most first."""
    query = (
        select(quarantine.c.code, func.count().label("n"))
        .group_by(quarantine.c.code)
        .order_by(func.count().desc(), quarantine.c.code)
    )
    if source_no is not None:
        query = query.where(quarantine.c.source_no == source_no)
    return {code: n for code, n in connection.execute(query)}


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    values = [int(v) if isinstance(v, np.integer) else v for v in values]
    return [values[i : i + _LOOK_UP_AT_ONCE] for i in range(0, len(values), _LOOK_UP_AT_ONCE)]
