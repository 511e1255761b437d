"""Make decisions of what a page says its reviewer did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection

from annotate.errors import SchemaError
from annotate.review.events import (
    EventContext,
    RefusedEventError,
    StoredEvent,
    decision_from,
    event_id_of,
    undone_ids,
)
from annotate.review.spread import SPREAD, UNSPREAD, spread_from, unspread_act
from annotate.steps.derive_labels import derive_labels
from annotate.steps.undo_group import undo_group
from annotate.steps.workspace import Workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.lookups import find_events, known_numbers, standing_derivations
from annotate.store.queue_front import read_reasons
from annotate.store.schema_versions import latest_schema


@dataclass(frozen=True)
class Receipt:
    """What became of the events sent.

    Attributes
    ----------
    acked : tuple of str
        Ids of events that are on disk.
    refused : mapping of str to str
        Id to reason, for events that will never be stored as they are.
    """

    acked: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the receipt as JSON values."""
        return asdict(self)


def record_events(
    workspace: Workspace, reviewer: str, events: Sequence[Mapping[str, Any]]
) -> Receipt:
    """Store what a reviewer did, in order; decisions in one commit, each spread in one of its own.

    Safe to call again with the same events: each is stored once. One that cannot be stored is
    refused with a reason and holds up no other.

    Parameters
    ----------
    reviewer : str
        Who acted, as the server knows it.
    events : sequence of mappings
        client_id, seq, item_no, kind, class_no, shown, elapsed_ms, at; for an undo also undoes; for
        a spread also items.

    Returns
    -------
    Receipt
        Given after the commit: what is acknowledged is on disk.
    """
    refused: dict[str, str] = {}
    new: dict[str, Mapping[str, Any]] = {}
    for position, event in enumerate(events):
        try:
            new.setdefault(event_id_of(event), event)
        except RefusedEventError as error:
            refused[f"event {position}"] = str(error)
    with workspace.store.read() as connection:
        stored, context = _read_context(connection, reviewer, new)
    for_groups = {id: event for id, event in new.items() if event.get("kind") in (SPREAD, UNSPREAD)}
    for_items = {id: event for id, event in new.items() if id not in for_groups}
    acked = _record_decisions(workspace, for_items, stored, context, refused)
    for event_id, event in for_groups.items():
        try:
            _record_group_act(workspace, event, context)
            acked.append(event_id)
        except (RefusedEventError, SchemaError) as error:
            refused[event_id] = str(error)
    return Receipt(tuple(acked), refused)


def _record_decisions(
    workspace: Workspace,
    events: Mapping[str, Mapping[str, Any]],
    stored: dict[str, StoredEvent],
    context: EventContext,
    refused: dict[str, str],
) -> list[str]:
    """Store acts on single items; return the ids that are on disk, and add to ``refused``."""
    acked: list[str] = []
    decisions: list[Decision] = []
    for event_id, event in events.items():
        # Known ones are acknowledged unchecked: the class they name may have been retired since.
        if event_id in stored:
            acked.append(event_id)
            continue
        try:
            decision = decision_from(event, context)
        except RefusedEventError as error:
            refused[event_id] = str(error)
            continue
        decisions.append(decision)
        stored[event_id] = StoredEvent(decision.item_no, context.reviewer, decision.kind)
    append_decisions(workspace.store, decisions)
    return [*acked, *(decision.event_id for decision in decisions)]


def _record_group_act(
    workspace: Workspace, event: Mapping[str, Any], context: EventContext
) -> None:
    if event["kind"] == SPREAD:
        spread = spread_from(event, context)
        item_nos = np.array(spread.item_nos)
        classes = np.full(len(item_nos), spread.class_no)
        derive_labels(workspace, context.reviewer, item_nos, classes, spread.payload, spread.act_id)
        return
    act_id = unspread_act(event)
    with workspace.store.read() as connection:
        standing = standing_derivations(connection, act_id)
        found = find_events(connection, list(standing)[:1]).values()
    if any(row["reviewer"] != context.reviewer for row in found):
        raise RefusedEventError("only your own act can be undone")
    undo_group(workspace, context.reviewer, act_id)


def _read_context(
    connection: Connection, reviewer: str, events: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, StoredEvent], EventContext]:
    wanted = [*events, *undone_ids(events.values())]
    stored = {
        event_id: StoredEvent(row["item_no"], row["reviewer"], row["kind"])
        for event_id, row in find_events(connection, wanted).items()
    }
    context = EventContext(
        reviewer=reviewer,
        schema=latest_schema(connection),
        known_items=known_numbers(connection, list(_item_nos(events))),
        asked_first=read_reasons(connection),
        stored=stored,
    )
    return stored, context


def _item_nos(events: Mapping[str, Mapping[str, Any]]) -> Iterator[int]:
    for event in events.values():
        others = event.get("items")
        for number in (event.get("item_no"), *(others if isinstance(others, list) else ())):
            if isinstance(number, int) and 0 <= number < 2**63:
                yield number
