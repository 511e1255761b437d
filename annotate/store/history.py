"""Predictions, selections and rounds on record, and where the head is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, func, insert, select

from annotate.store.tables import (
    canonical_json,
    head_moves,
    meta,
    now_utc,
    predictions,
    rounds,
    selections,
)

Record = dict[str, Any]


def record_prediction(connection: Connection, record: Mapping[str, Any]) -> None:
    """Add one prediction; a prediction of the same id is already the same."""
    if find_prediction(connection, record["prediction_id"]) is None:
        _insert(connection, predictions, record)


def find_prediction(connection: Connection, prediction_id: str) -> Record | None:
    """Return one prediction's record, or None."""
    return _find(connection, predictions, predictions.c.prediction_id == prediction_id)


def latest_prediction(connection: Connection, teacher: str | None = None) -> Record | None:
    """Return the newest prediction by a teacher (rounds aside), of any teacher if None."""
    query = select(predictions).where(predictions.c.round_no.is_(None))
    if teacher is not None:
        query = query.where(predictions.c.teacher == teacher)
    row = connection.execute(query.order_by(predictions.c.prediction_no.desc()).limit(1))
    found = row.mappings().one_or_none()
    return _decoded(found) if found else None


def list_predictions(connection: Connection) -> list[Record]:
    """Return every prediction's record, oldest first."""
    query = select(predictions).order_by(predictions.c.prediction_no)
    return [_decoded(row) for row in connection.execute(query).mappings()]


def record_selection(connection: Connection, record: Mapping[str, Any]) -> None:
    """Add one selection; a selection of the same id is already the same."""
    if find_selection(connection, record["selection_id"]) is None:
        _insert(connection, selections, record)


def find_selection(connection: Connection, selection_id: str) -> Record | None:
    """Return one selection's record, or None."""
    return _find(connection, selections, selections.c.selection_id == selection_id)


def list_selections(connection: Connection) -> list[Record]:
    """Return every selection's record, oldest first."""
    query = select(selections).order_by(selections.c.created_at_utc, selections.c.selection_id)
    return [_decoded(row) for row in connection.execute(query).mappings()]


def record_round(connection: Connection, record: Mapping[str, Any]) -> None:
    """Add one round."""
    _insert(connection, rounds, record)


def find_round(connection: Connection, round_no: int) -> Record | None:
    """Return one round's record, or None."""
    return _find(connection, rounds, rounds.c.round_no == round_no)


def list_rounds(connection: Connection) -> list[Record]:
    """Return every round, reverted ones included, in order of number."""
    query = select(rounds).order_by(rounds.c.round_no)
    return [_decoded(row) for row in connection.execute(query).mappings()]


def next_round_no(connection: Connection) -> int:
    """Return the next free round number; numbers are never reused."""
    highest = connection.scalar(select(func.max(rounds.c.round_no)))
    return 0 if highest is None else int(highest) + 1


def head_round_no(connection: Connection) -> int | None:
    """Return the number of the round whose labels stand, or None before the first."""
    return connection.scalar(
        select(head_moves.c.round_no).order_by(head_moves.c.move_no.desc()).limit(1)
    )


def head_round(connection: Connection) -> Record | None:
    """Return the round whose labels stand, or None before the first."""
    number = head_round_no(connection)
    return None if number is None else find_round(connection, number)


def heads(connection: Connection) -> list[Record]:
    """Return every round whose labels stood at some time, the one that does so now last."""
    moves = select(head_moves.c.round_no).order_by(head_moves.c.move_no.desc())
    newest_first = dict.fromkeys(connection.scalars(moves))
    found = (find_round(connection, number) for number in reversed(newest_first))
    return [record for record in found if record is not None]


def move_head(connection: Connection, round_no: int, reason: str) -> None:
    """Make a round the one whose labels stand."""
    connection.execute(
        insert(head_moves).values(round_no=round_no, reason=reason, moved_at_utc=now_utc())
    )


def stands_since_training(connection: Connection) -> bool:
    """Return whether training, and not a person, chose the round whose labels stand."""
    newest = select(head_moves.c.reason).order_by(head_moves.c.move_no.desc()).limit(1)
    return connection.scalar(newest) == "train"


def lineage(connection: Connection, round_no: int) -> list[Record]:
    """Return the rounds that led to ``round_no``, oldest first, itself last."""
    chain: list[Record] = []
    number: int | None = round_no
    while number is not None:
        record = find_round(connection, number)
        if record is None:
            break
        chain.append(record)
        number = record["parent"]
    return chain[::-1]


def open_run(connection: Connection) -> Record | None:
    """Return what a training run noted when it began, None when the last one came to its end."""
    value = connection.scalar(select(meta.c.value).where(meta.c.key == _OPEN_RUN))
    return None if value is None else dict(json.loads(value))


def begin_run(connection: Connection, note: Mapping[str, Any]) -> None:
    """Note that a training run begins; a killed one before it is given up."""
    end_run(connection)
    connection.execute(insert(meta).values(key=_OPEN_RUN, value=canonical_json(dict(note))))


def end_run(connection: Connection) -> None:
    """Note that the training run came to its end."""
    connection.execute(delete(meta).where(meta.c.key == _OPEN_RUN))


_OPEN_RUN = "open_run"
_JSON_COLUMNS = frozenset({"settings", "metrics", "selectors"})


def _insert(connection: Connection, table: Table, record: Mapping[str, Any]) -> None:
    values = {k: canonical_json(v) if k in _JSON_COLUMNS else v for k, v in record.items()}
    connection.execute(insert(table).values(**values, created_at_utc=now_utc()))


def _find(connection: Connection, table: Table, condition: Any) -> Record | None:
    row = connection.execute(select(table).where(condition)).mappings().one_or_none()
    return _decoded(row) if row else None


def _decoded(row: RowMapping) -> Record:
    return {k: json.loads(v) if k in _JSON_COLUMNS else v for k, v in row.items()}
