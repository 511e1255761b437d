"""Which items and events exist, for checking what a browser names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, select

from annotate.store.tables import decisions, items

_AT_ONCE = 500  # below every database's limit on bound parameters


def known_numbers(connection: Connection, item_nos: Sequence[int]) -> set[int]:
    """Return those of ``item_nos`` that are items."""
    return {
        number
        for chunk in _chunks(item_nos)
        for number in connection.execute(
            select(items.c.item_no).where(items.c.item_no.in_(chunk))
        ).scalars()
    }


def find_events(connection: Connection, event_ids: Sequence[str]) -> dict[str, RowMapping]:
    """Return {event_id: its item_no, reviewer and kind} for those that are stored."""
    return {
        row["event_id"]: row
        for chunk in _chunks(event_ids)
        for row in connection.execute(
            select(
                decisions.c.event_id, decisions.c.item_no, decisions.c.reviewer, decisions.c.kind
            ).where(decisions.c.event_id.in_(chunk))
        ).mappings()
    }


def standing_derivations(connection: Connection, act_id: str) -> dict[str, RowMapping]:
    """Return {event_id: its item_no and reviewer} of an act's derived labels that no undo names."""
    undo = decisions.alias()
    # An undo lies on the item of what it takes back; by item there is an index.
    undone = exists().where(
        (undo.c.item_no == decisions.c.item_no) & (undo.c.undoes == decisions.c.event_id)
    )
    query = (
        select(decisions.c.event_id, decisions.c.item_no, decisions.c.reviewer)
        # A range, so that the index on event ids finds them: ";" follows ":".
        .where(decisions.c.event_id.between(f"{act_id}:", f"{act_id};"))
        .where(decisions.c.kind == "derive")
        .where(~undone)
        .order_by(decisions.c.seq)
    )
    return {row["event_id"]: row for row in connection.execute(query).mappings()}


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
