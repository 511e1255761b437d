"""Reviewers' decisions: append-only events, stored once however often they are sent.

Each event's hash covers the one before it, so a changed event shows, and so does a missing one
that others follow.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, insert, select

from annotate.store.database import Store
from annotate.store.tables import canonical_json, decisions, items, now_utc

Kind = Literal["accept", "relabel", "reject", "skip", "flag", "undo", "derive", "adjudicate"]
Purpose = Literal["review", "audit", "simulated"]
Role = Literal["train", "held_back"]

KINDS: tuple[Kind, ...] = get_args(Kind)
FIRST_HASH = "0" * 64
_LOOK_UP_AT_ONCE = 500  # below every database's limit on bound parameters
_INTS = ("seq", "item_no", "schema_version")
_FLOATS = ("class_no", "elapsed_s")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# Built once: building a query costs more than running it, and other writers wait meanwhile.
_NEWEST = select(decisions.c.seq, decisions.c.hash).order_by(decisions.c.seq.desc()).limit(1)
_SEQ_OF_EVENTS = select(decisions.c.event_id, decisions.c.seq).where(
    decisions.c.event_id.in_(bindparam("event_ids", expanding=True))
)
_CONTENT_OF_ITEMS = select(items.c.item_no, items.c.sha256).where(
    items.c.item_no.in_(bindparam("item_nos", expanding=True))
)
_ON_ITEMS = (
    select(decisions)
    .where(decisions.c.item_no.in_(bindparam("item_nos", expanding=True)))
    .order_by(decisions.c.seq)
)
_INSERT = insert(decisions)


@dataclass(frozen=True)
class Decision:
    """One act of a reviewer.

    Attributes
    ----------
    event_id : str
        Made by the client, unique: sending an event again changes nothing.
    item_no : int
    reviewer : str
    schema_version : int
        The version that gave the class its name; an old one is stored, never refused.
    kind : str
        accept, relabel, reject ("not this class"), skip, flag, undo; derive for a label that nobody
        gave to this very item but somebody chose for a group of them; adjudicate for an owner's
        word on a conflict.
    class_no : int or None
        The class given (accept, relabel, derive, adjudicate) or refused (reject).
    purpose : str
        review, audit (measures, never trains) or simulated.
    role : str
        held_back when the answer measures rounds and must not train them.
    undoes : str or None
        For undo: the event it takes back.
    shown : mapping
        What the reviewer saw: label, confidence, teacher.
    elapsed_s : float or None
        Seconds from showing to deciding; stored as None where a clock gave nonsense.
    decided_at_utc : str
        The client's clock, ISO 8601; order is by ``seq`` alone. Empty means the time of storing.
    payload : mapping
        What else belongs to the answer, such as boxes, or what a label was derived from; must fit
        into JSON.
    """

    event_id: str
    item_no: int
    reviewer: str
    kind: Kind
    schema_version: int
    class_no: int | None = None
    purpose: Purpose = "review"
    role: Role = "train"
    undoes: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    elapsed_s: float | None = None
    decided_at_utc: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


def append_decisions(store: Store, events: Sequence[Decision]) -> list[int]:
    """Store the events that are new, in order, in one commit; return the seq of every one.

    Safe to call again with the same events: an ``event_id`` is stored once, and the first wins.
    When this returns, the events are on disk.

    Returns
    -------
    list of int
        For each event given, the place it has in the log, from 1.

    Raises
    ------
    ValueError
        If an event names no item, has an unknown kind, is an undo of nothing, or holds text that no
        database can store. No event is stored then.
    StoreError
        If the disk is full or failing; send the same events again later.
    """
    if not events:
        return []
    for event in events:
        _check(event)
    with store.write() as connection:
        known = _known_events(connection, [event.event_id for event in events])
        last_seq, last_hash = _last(connection)
        contents = _contents(connection, [int(event.item_no) for event in events])
        rows = []
        for event in events:
            if event.event_id in known:
                continue
            last_seq += 1
            row = _row(event, contents[int(event.item_no)], last_hash)
            last_hash = row["hash"]
            known[event.event_id] = last_seq
            rows.append({"seq": last_seq, **row})
        if rows:
            connection.execute(_INSERT, rows)
    return [known[event.event_id] for event in events]


def read_decisions(connection: Connection, after_seq: int = 0) -> pd.DataFrame:
    """Return the events after ``after_seq`` in order, one row each, with every column.

    ``class_no`` and ``elapsed_s`` are float, NaN where there is none.
    """
    query = select(decisions).where(decisions.c.seq > after_seq).order_by(decisions.c.seq)
    return _as_frame(connection.execute(query).all())


def read_decisions_on(connection: Connection, item_nos: Sequence[int]) -> pd.DataFrame:
    """Return every event on some items, at most 500, as ``read_decisions`` does."""
    return _as_frame(connection.execute(_ON_ITEMS, {"item_nos": [int(n) for n in item_nos]}).all())


def standing_flags(connection: Connection) -> NDArray[np.int64]:
    """Return the items that somebody flagged and nobody unflagged since by an undo."""
    undone = select(decisions.c.undoes).where(decisions.c.kind == "undo")
    query = select(decisions.c.item_no).where(
        (decisions.c.kind == "flag") & decisions.c.event_id.not_in(undone)
    )
    return np.unique(np.fromiter(connection.execute(query).scalars(), dtype=np.int64))


def _as_frame(rows: Sequence[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[column.name for column in decisions.c])
    # Else the type of a column would depend on whether every event, or none, fills it.
    return frame.astype({**dict.fromkeys(_INTS, "int64"), **dict.fromkeys(_FLOATS, "float64")})


def read_acts(connection: Connection) -> pd.DataFrame:
    """Return event_id, item_no, reviewer, kind, purpose, undoes and decided_at_utc of each event.

    In order of seq; a fraction of what ``read_decisions`` reads.
    """
    names = ("event_id", "item_no", "reviewer", "kind", "purpose", "undoes", "decided_at_utc")
    query = select(*(decisions.c[name] for name in names)).order_by(decisions.c.seq)
    return pd.DataFrame(connection.execute(query).all(), columns=list(names))


def count_decisions(connection: Connection) -> int:
    """Return the number of events stored."""
    return int(connection.scalar(select(func.count()).select_from(decisions)) or 0)


def last_seq(connection: Connection) -> int:
    """Return the seq of the newest event, 0 before the first."""
    return _last(connection)[0]


def broken_links(connection: Connection) -> list[int]:
    """Return the seq of every event whose hash does not follow from its content and forerunner."""
    broken = []
    previous = FIRST_HASH
    query = select(decisions).order_by(decisions.c.seq).execution_options(yield_per=1000)
    for row in connection.execute(query).mappings():
        content = {k: v for k, v in row.items() if k not in ("seq", "hash", "prev_hash")}
        if row["prev_hash"] != previous or row["hash"] != _hash(previous, content):
            broken.append(int(row["seq"]))
        previous = row["hash"]
    return broken


def _row(event: Decision, item_sha256: str, previous: str) -> dict[str, Any]:
    content = asdict(event) | {
        # Exactly what the database will give back, whatever number types the caller has: the hash
        # covers these values.
        "item_no": int(event.item_no),
        "class_no": None if event.class_no is None else int(event.class_no),
        "schema_version": int(event.schema_version),
        "elapsed_s": _duration(event.elapsed_s),
        "shown": canonical_json(dict(event.shown)),
        "payload": canonical_json(dict(event.payload)),
        "item_sha256": item_sha256,
        "stored_at_utc": now_utc(),
    }
    content["decided_at_utc"] = event.decided_at_utc or content["stored_at_utc"]
    return {**content, "prev_hash": previous, "hash": _hash(previous, content)}


def _duration(elapsed_s: float | None) -> float | None:
    if elapsed_s is None or not math.isfinite(elapsed_s) or elapsed_s < 0:
        return None
    return float(elapsed_s)


def _check(event: Decision) -> None:
    if event.kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {event.kind!r}.")
    if (event.kind == "undo") != (event.undoes is not None):
        raise ValueError(
            f"An undo, and nothing else, must name the event it takes back; got kind {event.kind!r}"
            f" with undoes={event.undoes!r}."
        )
    texts = [event.event_id, event.reviewer, event.undoes or "", event.decided_at_utc]
    texts += [canonical_json(dict(event.shown)), canonical_json(dict(event.payload))]
    for text in texts:
        # SQLite would keep a NUL, PostgreSQL refuses it; neither can keep half a surrogate pair.
        if _UNSTORABLE.search(text):
            raise ValueError(f"A decision's text must be storable Unicode; got {text[:80]!r}.")


def _hash(previous: str, content: Mapping[str, Any]) -> str:
    return hashlib.sha256((previous + canonical_json(dict(content))).encode()).hexdigest()


def _last(connection: Connection) -> tuple[int, str]:
    row = connection.execute(_NEWEST).one_or_none()
    return (int(row.seq), row.hash) if row else (0, FIRST_HASH)


def _known_events(connection: Connection, event_ids: list[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    for start in range(0, len(event_ids), _LOOK_UP_AT_ONCE):
        chunk = event_ids[start : start + _LOOK_UP_AT_ONCE]
        found = connection.execute(_SEQ_OF_EVENTS, {"event_ids": chunk})
        known.update({event_id: int(seq) for event_id, seq in found})
    return known


def _contents(connection: Connection, item_nos: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(item_nos), _LOOK_UP_AT_ONCE):
        chunk = item_nos[start : start + _LOOK_UP_AT_ONCE]
        rows = connection.execute(_CONTENT_OF_ITEMS, {"item_nos": chunk})
        found.update({int(number): sha256 for number, sha256 in rows})
    missing = sorted(set(item_nos) - set(found))
    if missing:
        raise ValueError(f"A decision must name an item of this project; got item_no {missing[0]}.")
    return found


def decoded(text: str) -> dict[str, Any]:
    """Return a ``shown`` or ``payload`` column's text as a dict."""
    return dict(json.loads(text))
