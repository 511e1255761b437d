"""Review: open a queue, read its cards, and make decisions of what reviewers did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from annotate.errors import NotReadyError
from annotate.protocols import Bools, Ints
from annotate.review.cards import Basis, Card, make_cards
from annotate.review.events import (
    EventContext,
    RefusedEventError,
    StoredEvent,
    decision_from,
    event_id_of,
    undone_ids,
)
from annotate.review.prediction_summary import (
    PredictionSummary,
    summarise_nothing,
    summarise_prediction,
)
from annotate.review.queue import DEFAULT_ORDER, build_queue, queue_orders
from annotate.schema import Schema
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.predicting import StoredProba, current_prediction
from annotate.steps.workspace import Workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.items import read_items_at
from annotate.store.lookups import find_events, known_numbers
from annotate.store.queue_front import read_queue_front
from annotate.store.schema_versions import latest_schema


@dataclass(frozen=True)
class Queue:
    """A reviewer's queue as it stood when it was opened.

    Attributes
    ----------
    item_nos : int32 array of shape (n_open,)
        First to be asked first.
    n_done : int
        Items that people had labelled or decided by then.
    """

    item_nos: NDArray[np.int32]
    n_done: int
    order: str
    basis: Basis
    schema: Schema
    summary: PredictionSummary
    proba: StoredProba | None

    def __len__(self) -> int:
        return len(self.item_nos)


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


def open_queue(
    workspace: Workspace,
    order: str = DEFAULT_ORDER,
    *,
    seed: int = 0,
    previous: Queue | None = None,
) -> Queue:
    """Return the queue of all items that still need an answer.

    Parameters
    ----------
    order : str
        A name in ``queue_orders``.
    seed : int
        For orders that draw.
    previous : Queue, optional
        An earlier queue: its summary serves again if the prediction is still the same.

    Raises
    ------
    UnknownNameError
        If there is no such order.
    NotReadyError
        If items may have several classes each.
    """
    ranking = queue_orders.make(order)
    with workspace.store.read() as connection:
        schema = latest_schema(connection)
        front = read_queue_front(connection)
    if schema.task == "multi":
        raise NotReadyError(
            "Review asks for one class an item; this project allows several (task = 'multi')."
            " Import such labels with `annotate labels import`."
        )
    given = read_given_labels(workspace)
    record = current_prediction(workspace)
    proba = StoredProba(workspace.store, record["prediction_id"]) if record else None
    summary = _summary(previous, proba, record, len(given.current), schema)
    is_open = _open_mask(given)
    item_nos = build_queue(
        summary, ranking, is_open=is_open, labels=given.current, n_classes=schema.n_classes,
        asked_first=front["item_no"].tolist(), seed=seed,
    )  # fmt: skip
    reasons = dict(zip(front["item_no"].tolist(), front["reason"].tolist(), strict=True))
    n_done = int((~is_open & ~given.dropped).sum())
    basis = Basis(record, ranking.because, reasons)
    return Queue(item_nos, n_done, order, basis, schema, summary, proba)


def read_page(workspace: Workspace, queue: Queue, start: int, n: int) -> list[Card]:
    """Return the cards at places start to start + n - 1 of the queue."""
    return read_cards(workspace, queue, queue.item_nos[max(0, start) : max(0, start) + n].tolist())


def read_cards(workspace: Workspace, queue: Queue, item_nos: Sequence[int]) -> list[Card]:
    """Return the cards of the given items, all of which must exist."""
    if not item_nos:
        return []
    with workspace.store.read() as connection:
        items = read_items_at(connection, ("item_id", "text"), item_nos)
    active = _class_active(queue.schema)
    proba = _take_proba(queue, np.asarray(item_nos))
    return make_cards(items, proba, active, queue.basis, workspace.modality)


def record_events(
    workspace: Workspace, reviewer: str, events: Sequence[Mapping[str, Any]]
) -> Receipt:
    """Store what a reviewer did, in order, in one commit.

    Safe to call again with the same events: each is stored once. One that cannot be stored is
    refused with a reason and holds up no other.

    Parameters
    ----------
    reviewer : str
        Who acted, as the server knows it.
    events : sequence of mappings
        client_id, seq, item_no, kind, class_no, shown, elapsed_ms, at; for an undo also undoes.

    Returns
    -------
    Receipt
        Given after the commit: what is acknowledged is on disk.
    """
    acked: list[str] = []
    refused: dict[str, str] = {}
    new: dict[str, Mapping[str, Any]] = {}
    for position, event in enumerate(events):
        try:
            new.setdefault(event_id_of(event), event)
        except RefusedEventError as error:
            refused[f"event {position}"] = str(error)
    with workspace.store.read() as connection:
        stored, context = _read_context(connection, reviewer, new)
    decisions: list[Decision] = []
    for event_id, event in new.items():
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
        stored[event_id] = StoredEvent(decision.item_no, reviewer, decision.kind)
    append_decisions(workspace.store, decisions)
    return Receipt((*acked, *(decision.event_id for decision in decisions)), refused)


def _read_context(
    connection: Connection, reviewer: str, events: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, StoredEvent], EventContext]:
    wanted = [*events, *undone_ids(events.values())]
    stored = {
        event_id: StoredEvent(row["item_no"], row["reviewer"], row["kind"])
        for event_id, row in find_events(connection, wanted).items()
    }
    front = read_queue_front(connection)
    context = EventContext(
        reviewer=reviewer,
        schema=latest_schema(connection),
        known_items=known_numbers(connection, list(_item_nos(events))),
        asked_first=dict(zip(front["item_no"].tolist(), front["reason"].tolist(), strict=True)),
        stored=stored,
    )
    return stored, context


def _item_nos(events: Mapping[str, Mapping[str, Any]]) -> Iterator[int]:
    for event in events.values():
        number = event.get("item_no")
        if isinstance(number, int) and 0 <= number < 2**63:
            yield number


def _summary(
    previous: Queue | None,
    proba: StoredProba | None,
    record: Mapping[str, Any] | None,
    n_items: int,
    schema: Schema,
) -> PredictionSummary:
    if proba is None or record is None:
        return summarise_nothing(n_items)
    same = (
        previous is not None
        and previous.basis.prediction is not None
        and previous.basis.prediction["prediction_id"] == record["prediction_id"]
        and previous.schema == schema
        and len(previous.summary.predicted) == n_items
    )
    if same and previous is not None:
        return previous.summary
    return summarise_prediction(proba, n_items, _class_active(schema))


def _open_mask(given: GivenLabels) -> Bools:
    is_open = ~given.human.decided & ~given.dropped
    is_open[given.gold["item_no"].to_numpy(dtype=np.int64)] = False
    return is_open


def _take_proba(queue: Queue, item_nos: Ints) -> NDArray[np.float32]:
    if queue.proba is None:
        return np.full((len(item_nos), queue.schema.n_classes), np.nan, dtype=np.float32)
    return queue.proba.take(item_nos)


def _class_active(schema: Schema) -> Bools:
    return np.array([not spec.retired for spec in schema.classes])
