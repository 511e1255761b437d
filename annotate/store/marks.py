"""A few numbers that change whenever the labels of a project may have."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from annotate.store.gold import N_GOLD_CHANGES
from annotate.store.items import LAST_DROP
from annotate.store.tables import (
    decisions,
    head_moves,
    items,
    meta,
    predictions,
    queue_front,
    schema_versions,
)

# Equal marks mean that nothing has changed between two readings.
Marks = tuple[int | str | None, ...]

_QUERY = select(
    select(func.max(decisions.c.seq)).scalar_subquery(),
    select(func.max(head_moves.c.move_no)).scalar_subquery(),
    select(func.max(predictions.c.prediction_no)).scalar_subquery(),
    select(func.max(schema_versions.c.version)).scalar_subquery(),
    select(func.max(items.c.item_no)).scalar_subquery(),
    select(func.count()).select_from(queue_front).scalar_subquery(),
    select(meta.c.value).where(meta.c.key == LAST_DROP).scalar_subquery(),
    select(meta.c.value).where(meta.c.key == N_GOLD_CHANGES).scalar_subquery(),
)


def read_marks(connection: Connection) -> Marks:
    """Return what is newest of each kind; it takes no look at items or decisions."""
    return tuple(connection.execute(_QUERY).one())
