"""Masks on record: those that came with the corpus, and those that networks drew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, func, insert, select, update

from annotate.store.tables import canonical_json, items, masks, now_utc, segmenters

COLUMNS = ("item_no", "png_sha256", "schema_version", "segmenter_no", "role", "confidence")
OF_THE_ITEM = (
    "item_id", "sha256", "path", "group_key", "width_px", "height_px", "dropped_at_utc",
)  # fmt: skip


def insert_masks(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add masks; each row has ``COLUMNS``."""
    if rows:
        now = now_utc()
        connection.execute(insert(masks), [{**row, "recorded_at_utc": now} for row in rows])


def read_standing_masks(connection: Connection, item_no: int | None = None) -> pd.DataFrame:
    """Return the mask that stands for each item which has one, or for one item, by item_no.

    The newest that came with the corpus; without such, the newest that a network drew. The columns
    are ``COLUMNS`` and ``OF_THE_ITEM``.
    """
    query = (
        select(*(masks.c[name] for name in COLUMNS), *(items.c[name] for name in OF_THE_ITEM))
        .join(items, items.c.item_no == masks.c.item_no)
        # The one that stands comes last of its item.
        .order_by(masks.c.item_no, masks.c.segmenter_no.is_(None), masks.c.mask_no)
    )
    if item_no is not None:
        query = query.where(masks.c.item_no == item_no)
    table = pd.DataFrame(connection.execute(query).all(), columns=[*COLUMNS, *OF_THE_ITEM])
    return table.drop_duplicates("item_no", keep="last").reset_index(drop=True)


def assign_mask_roles(connection: Connection, roles: Mapping[int, str]) -> None:
    """Give masks that came with the corpus and have no role yet the one they keep, by item_no."""
    if roles:
        connection.execute(
            update(masks)
            .where(
                (masks.c.item_no == bindparam("number"))
                & masks.c.segmenter_no.is_(None)
                & masks.c.role.is_(None)
            )
            .values(role=bindparam("new_role")),
            [{"number": number, "new_role": role} for number, role in roles.items()],
        )


def next_segmenter_no(connection: Connection) -> int:
    """Return the number of the next network."""
    highest = connection.scalar(select(func.max(segmenters.c.segmenter_no)))
    return 0 if highest is None else int(highest) + 1


def insert_segmenter(
    connection: Connection,
    number: int,
    settings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    model_sha256: str,
) -> None:
    """Add a network that was trained."""
    connection.execute(
        insert(segmenters).values(
            segmenter_no=number,
            settings=canonical_json(settings),
            metrics=canonical_json(metrics),
            model_sha256=model_sha256,
            created_at_utc=now_utc(),
        )
    )


def items_drawn_by(connection: Connection, segmenter_no: int) -> list[int]:
    """Return the numbers of the items of which a network has drawn a mask."""
    query = select(masks.c.item_no).where(masks.c.segmenter_no == segmenter_no)
    return list(connection.scalars(query))


def let_stand_again(connection: Connection, segmenter_no: int) -> None:
    """Record what a network drew once more, where what a later one drew stands now."""
    newest = (
        select(func.max(masks.c.mask_no))
        .where(masks.c.segmenter_no.is_not(None))
        .group_by(masks.c.item_no)
    )
    covered = select(masks.c.item_no).where(
        masks.c.mask_no.in_(newest), masks.c.segmenter_no != segmenter_no
    )
    latest = (
        select(func.max(masks.c.mask_no))
        .where(masks.c.segmenter_no == segmenter_no)
        .group_by(masks.c.item_no)
    )
    query = select(*(masks.c[name] for name in COLUMNS)).where(
        masks.c.mask_no.in_(latest), masks.c.item_no.in_(covered)
    )
    insert_masks(connection, [dict(row) for row in connection.execute(query).mappings()])


def list_segmenters(connection: Connection) -> list[dict[str, Any]]:
    """Return every network on record, oldest first."""
    query = select(segmenters).order_by(segmenters.c.segmenter_no)
    return [
        {**row, "settings": json.loads(row["settings"]), "metrics": json.loads(row["metrics"])}
        for row in connection.execute(query).mappings()
    ]
