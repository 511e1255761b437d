"""What the store knows of Label Studio: links, tasks of items, and annotations that were read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from annotate.store.tables import (
    canonical_json,
    decisions,
    label_studio_annotations,
    label_studio_links,
    label_studio_tasks,
    now_utc,
)

_AT_ONCE = 500  # below every database's limit on bound parameters


@dataclass(frozen=True)
class Link:
    """A Label Studio project that items were sent to.

    Attributes
    ----------
    link_no : int
    link_key : str
        Goes into every task, so that tasks are found again.
    url : str
    project_id : int or None
        None from the moment a project is asked for until it is known to be there.
    label_config : str
        As it was last sent.
    classes : mapping of str to int
        The class that each name in that config meant.
    model_version : str
        Of the predictions sent last.
    pulled_until_utc : str or None
        The server's time up to which annotations were read.
    """

    link_no: int
    link_key: str
    url: str
    project_id: int | None
    label_config: str
    classes: Mapping[str, int]
    model_version: str
    pulled_until_utc: str | None


def newest_link(connection: Connection) -> Link | None:
    """Return the link in use, None before the first push."""
    query = select(label_studio_links).order_by(label_studio_links.c.link_no.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    values = {name: row[name] for name in Link.__dataclass_fields__}
    return Link(**{**values, "classes": json.loads(row["classes"])})


def start_link(
    connection: Connection, url: str, label_config: str, classes: Mapping[str, int]
) -> None:
    """Note that a project is about to be made."""
    connection.execute(
        insert(label_studio_links).values(
            link_key=uuid.uuid4().hex,
            url=url,
            label_config=label_config,
            classes=canonical_json(dict(classes)),
            model_version="",
            created_at_utc=now_utc(),
        )
    )


def change_link(connection: Connection, link_no: int, **values: Any) -> None:
    """Set some columns of a link."""
    if "classes" in values:
        values["classes"] = canonical_json(dict(values["classes"]))
    connection.execute(
        update(label_studio_links).where(label_studio_links.c.link_no == link_no).values(**values)
    )


def read_tasks(connection: Connection, link_no: int) -> pd.DataFrame:
    """Return task_id, item_no, sent_sha256 and deleted (bool) of every task, by task_id."""
    table = label_studio_tasks
    query = (
        select(
            table.c.task_id, table.c.item_no, table.c.sent_sha256,
            table.c.deleted_at_utc.is_not(None),
        )
        .where(table.c.link_no == link_no)
        .order_by(table.c.task_id)
    )  # fmt: skip
    columns = ["task_id", "item_no", "sent_sha256", "deleted"]
    frame = pd.DataFrame(connection.execute(query).all(), columns=columns)
    return frame.astype({"task_id": "int64", "item_no": "int64", "deleted": "bool"})


def highest_task(connection: Connection, link_no: int) -> int:
    """Return the highest task number on record, 0 for none."""
    query = select(func.max(label_studio_tasks.c.task_id)).where(
        label_studio_tasks.c.link_no == link_no
    )
    return int(connection.scalar(query) or 0)


def record_tasks(
    connection: Connection, link_no: int, tasks: Sequence[tuple[int, int, str]]
) -> None:
    """Add tasks, each with its item and the fingerprint of what was sent; known ones stay."""
    known = _known_tasks(connection, link_no, [task_id for task_id, _, _ in tasks])
    now = now_utc()
    rows = [
        {
            "link_no": link_no, "task_id": task_id, "item_no": item_no, "sent_sha256": sha256,
            "sent_at_utc": now,
        }
        for task_id, item_no, sha256 in tasks
        if task_id not in known
    ]  # fmt: skip
    if rows:
        connection.execute(insert(label_studio_tasks), rows)


def record_sent(connection: Connection, link_no: int, sent: Mapping[int, str]) -> None:
    """Note the fingerprint of the prediction that each task has now."""
    table = label_studio_tasks
    if sent:
        connection.execute(
            update(table)
            .where((table.c.link_no == link_no) & (table.c.task_id == bindparam("of_task")))
            .values(sent_sha256=bindparam("sha256"), sent_at_utc=now_utc()),
            [{"of_task": int(task_id), "sha256": sha256} for task_id, sha256 in sent.items()],
        )


def bury_tasks(connection: Connection, link_no: int, task_ids: Sequence[int]) -> int:
    """Note that tasks, with their annotations, are gone; return how many stood for items."""
    now = now_utc()
    n_ours = _update_tasks(connection, link_no, task_ids, deleted_at_utc=now)
    table = label_studio_annotations
    for chunk in _chunks(task_ids):
        connection.execute(
            update(table)
            .where(
                (table.c.link_no == link_no)
                & table.c.task_id.in_(chunk)
                & table.c.deleted_at_utc.is_(None)
            )
            .values(deleted_at_utc=now)
        )
    return n_ours


def live_annotations(connection: Connection, link_no: int) -> dict[int, int]:
    """Return {task_id: how many annotations it has}, for tasks that have any."""
    table = label_studio_annotations
    query = (
        select(table.c.task_id, func.count())
        .where((table.c.link_no == link_no) & table.c.deleted_at_utc.is_(None))
        .group_by(table.c.task_id)
    )
    return {task_id: n for task_id, n in connection.execute(query)}


def annotations_of(
    connection: Connection, link_no: int, task_ids: Sequence[int]
) -> dict[int, dict[int, RowMapping]]:
    """Return {task_id: {annotation_id: its sha256, outcome and deleted_at_utc}}."""
    table = label_studio_annotations
    found: dict[int, dict[int, RowMapping]] = {}
    for chunk in _chunks(task_ids):
        query = select(
            table.c.task_id, table.c.annotation_id, table.c.sha256, table.c.outcome,
            table.c.deleted_at_utc,
        ).where((table.c.link_no == link_no) & table.c.task_id.in_(chunk))  # fmt: skip
        for row in connection.execute(query).mappings():
            found.setdefault(row["task_id"], {})[row["annotation_id"]] = row
    return found


def record_annotations(
    connection: Connection, link_no: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Note annotations as they are now: annotation_id, task_id, sha256, outcome, reason, raw."""
    table = label_studio_annotations
    for row in rows:
        values = {**row, "read_at_utc": now_utc(), "deleted_at_utc": None}
        done = connection.execute(
            update(table)
            .where((table.c.link_no == link_no) & (table.c.annotation_id == row["annotation_id"]))
            .values(**values)
        )
        if done.rowcount == 0:
            connection.execute(insert(table).values(link_no=link_no, **values))


def bury_annotations(connection: Connection, link_no: int, annotation_ids: Sequence[int]) -> None:
    """Note that annotations are gone from the server."""
    table = label_studio_annotations
    for chunk in _chunks(annotation_ids):
        connection.execute(
            update(table)
            .where((table.c.link_no == link_no) & table.c.annotation_id.in_(chunk))
            .values(deleted_at_utc=now_utc())
        )


def unknown_annotations(connection: Connection, link_no: int) -> dict[str, int]:
    """Return {reason: how many annotations that are there are kept raw for it}."""
    table = label_studio_annotations
    query = (
        select(table.c.reason, func.count())
        .where(
            (table.c.link_no == link_no)
            & table.c.raw.is_not(None)
            & table.c.deleted_at_utc.is_(None)
        )
        .group_by(table.c.reason)
        .order_by(table.c.reason)
    )
    return {reason: n for reason, n in connection.execute(query)}


def events_beginning(connection: Connection, prefix: str) -> list[RowMapping]:
    """Return event_id, item_no, reviewer and schema_version of the events with such an id.

    ``prefix`` is ASCII and ends with a colon.
    """
    after = prefix[:-1] + chr(ord(":") + 1)
    query = (
        select(
            decisions.c.event_id, decisions.c.item_no, decisions.c.reviewer,
            decisions.c.schema_version,
        )
        .where((decisions.c.event_id >= prefix) & (decisions.c.event_id < after))
        .order_by(decisions.c.seq)
    )  # fmt: skip
    return list(connection.execute(query).mappings())


def _known_tasks(connection: Connection, link_no: int, task_ids: Sequence[int]) -> set[int]:
    table = label_studio_tasks
    return {
        task_id
        for chunk in _chunks(task_ids)
        for task_id in connection.execute(
            select(table.c.task_id).where((table.c.link_no == link_no) & table.c.task_id.in_(chunk))
        ).scalars()
    }


def _update_tasks(
    connection: Connection, link_no: int, task_ids: Sequence[int], **values: Any
) -> int:
    table = label_studio_tasks
    return sum(
        connection.execute(
            update(table)
            .where((table.c.link_no == link_no) & table.c.task_id.in_(chunk))
            .values(**values)
        ).rowcount
        for chunk in _chunks(task_ids)
    )


def _chunks(values: Sequence[int]) -> Iterator[list[int]]:
    return (
        [int(v) for v in values[start : start + _AT_ONCE]]
        for start in range(0, len(values), _AT_ONCE)
    )
