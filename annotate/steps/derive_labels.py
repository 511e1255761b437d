"""Give a group of items their labels in one act, such as the look-alikes of a corrected one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from annotate.errors import SchemaError
from annotate.protocols import Bools, Ints
from annotate.schema import Schema
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.workspace import Workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.queue_front import read_queue_front
from annotate.store.schema_versions import latest_schema


def derive_labels(
    workspace: Workspace,
    reviewer: str,
    item_nos: Ints,
    class_nos: Ints,
    payload: Mapping[str, Any],
    act_id: str,
) -> int:
    """Store one derived label an item, all in one commit; return how many there are.

    Items that need none are left out: those decided, with gold, dropped, or asked first. Whoever
    decides one of the others later overrules its derived label.

    Parameters
    ----------
    item_nos : int array of shape (n,)
        Each once.
    class_nos : int array of shape (n,)
        The class of each.
    payload : mapping
        What the labels were derived from, such as ``why`` and ``prediction_id``; stored with each.
    act_id : str
        Letters and digits, new for each act: sending an act again stores nothing twice, and
        ``undo_group`` takes back all of it.

    Raises
    ------
    SchemaError
        If a class is not in force.
    """
    if not (act_id.isascii() and act_id.isalnum()):
        raise ValueError(f"act_id must be letters and digits; got {act_id!r}.")
    with workspace.store.read() as connection:
        schema = latest_schema(connection)
    _check_in_force(schema, np.unique(class_nos))
    open_now = derivable(workspace, read_given_labels(workspace))[item_nos]
    events = [
        Decision(
            event_id=f"{act_id}:{item_no}",
            item_no=item_no,
            reviewer=reviewer,
            kind="derive",
            class_no=class_no,
            schema_version=schema.version,
            payload={**payload, "group": act_id},
        )
        for item_no, class_no in zip(
            np.asarray(item_nos)[open_now].tolist(),
            np.asarray(class_nos)[open_now].tolist(),
            strict=True,
        )
    ]
    append_decisions(workspace.store, events)
    return len(events)


def derivable(workspace: Workspace, given: GivenLabels) -> Bools:
    """Return (n_items,) True for items whose label may be derived from others.

    Not those that somebody decided, that have gold, that were dropped, or that a step asks about
    first: some of these measure, and a label that nobody gave must not.
    """
    with workspace.store.read() as connection:
        asked = read_queue_front(connection)["item_no"].to_numpy(dtype=np.int64)
    may = ~given.human.decided & ~given.dropped
    may[given.gold["item_no"].to_numpy(dtype=np.int64)] = False
    may[asked] = False
    return may


def _check_in_force(schema: Schema, class_nos: Ints) -> None:
    for number in class_nos.tolist():
        if not 0 <= number < schema.n_classes:
            raise ValueError(f"class_nos must be classes of the project; got {number}.")
        if schema.classes[number].retired:
            names = ", ".join(repr(spec.name) for spec in schema.active[:30])
            raise SchemaError(
                f"A derived label must be a class in force; {schema.classes[number].name!r} was"
                f" retired. In force: {names}."
            )
