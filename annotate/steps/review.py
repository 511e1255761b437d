"""Review: open a queue of items, and read the cards that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import NotReadyError
from annotate.protocols import Bools, Ints
from annotate.review.cards import Basis, Card, Standing, make_cards
from annotate.review.measuring import SPOT_CHECK
from annotate.review.prediction_summary import PredictionSummary, summarise_nothing
from annotate.review.queue import build_queue, queue_orders
from annotate.review.queue_request import QueueRequest
from annotate.schema import Schema
from annotate.steps.filter_items import filter_items
from annotate.steps.given_labels import read_given_labels
from annotate.steps.labels import SOURCES, read_current_labels
from annotate.steps.open_items import blind_mask, doubt_mask, open_mask
from annotate.steps.order_context import StoredSources
from annotate.steps.predicting import (
    CorpusProba,
    StoredProba,
    current_prediction,
    prediction_by,
)
from annotate.steps.summaries import prediction_summary
from annotate.steps.workspace import Workspace
from annotate.store.decisions import last_seq
from annotate.store.items import read_items_at
from annotate.store.queue_front import read_queue_front, read_reasons
from annotate.store.schema_versions import latest_schema

DEFAULT_REQUEST = QueueRequest()


@dataclass(frozen=True)
class Live:
    """A prediction that answers have changed since the one on record.

    Attributes
    ----------
    record : mapping
        prediction_id, teacher and round_no, as a prediction on record has them.
    """

    record: Mapping[str, Any]
    proba: CorpusProba
    summary: PredictionSummary


@dataclass(frozen=True)
class StandingLabels:
    """The label that each item has, and where it comes from; no more, since queues are many."""

    labels: NDArray[np.int32]
    sources: NDArray[np.int8]

    def at(self, rows: Ints) -> list[Standing | None]:
        """Return the labels of some items."""
        return [
            Standing(int(label), SOURCES[source]) if label >= 0 else None
            for label, source in zip(self.labels[rows], self.sources[rows], strict=True)
        ]


@dataclass(frozen=True)
class Queue:
    """A reviewer's queue as it stood when it was opened.

    Attributes
    ----------
    item_nos : int32 array of shape (n,)
        First to be asked first.
    n_done : int
        Items that the request covers and that needed no answer any more.
    standing : StandingLabels or None
        The labels that stand; read only where the request covers items that have one.
    doubted : bool array of shape (n_items,)
        Items that have a label and are asked again.
    """

    item_nos: NDArray[np.int32]
    n_done: int
    request: QueueRequest
    basis: Basis
    schema: Schema
    summary: PredictionSummary
    proba: CorpusProba | None
    standing: StandingLabels | None
    doubted: Bools

    def __len__(self) -> int:
        return len(self.item_nos)


def open_queue(
    workspace: Workspace,
    request: QueueRequest = DEFAULT_REQUEST,
    *,
    reviewer: str = "",
    overlap: int = 1,
    seed: int = 0,
    previous: Queue | None = None,
    live: Live | None = None,
) -> Queue:
    """Return the items that a request asks for, in order.

    Parameters
    ----------
    request : QueueRequest
    reviewer : str
        Who will answer; with an overlap, an item that this person answered is done for this person.
    overlap : int
        How many people are to answer each item, 1 or more.
    seed : int
        For orders that draw.
    previous : Queue, optional
        An earlier queue: its summary serves again if the prediction is still the same.
    live : Live, optional
        Ranks and suggests instead of the prediction on record.

    Raises
    ------
    UnknownNameError
        If there is no such order, class or teacher.
    NotReadyError
        If items may have several classes each, or something that the order needs is missing.
    """
    ranking = queue_orders.make(request.order)
    with workspace.store.read() as connection:
        schema = latest_schema(connection)
        front = read_queue_front(connection)
        n_acts = last_seq(connection)
    if schema.task == "multi":
        raise NotReadyError(
            "Review asks for one class an item; this project allows several (task = 'multi')."
            " Take the probability of each class from `annotate predictions export`."
        )
    record, proba, summary = _suggestions(workspace, request, schema, previous, live)
    needs_labels = not (request.open_only and request.filter.asks_nothing)
    current = read_current_labels(workspace) if needs_labels else None
    given = read_given_labels(workspace) if current is None else current.given
    is_open = open_mask(given, reviewer, overlap)
    doubted = np.zeros_like(is_open)
    if ranking.includes_labelled:
        doubted = doubt_mask(given, summary, schema) & ~is_open
    asked_for = ~given.dropped
    if current is not None:
        is_blind = blind_mask(given, front, reviewer, overlap)
        asked_for &= filter_items(workspace, request.filter, current, summary, is_blind)
    chosen = asked_for & (is_open | doubted) if request.open_only else asked_for
    is_spot_check = front["reason"] == SPOT_CHECK
    if request.item_nos is None:
        item_nos = build_queue(
            summary, ranking, is_open=chosen, labels=given.training, n_classes=schema.n_classes,
            asked_first=front.loc[~is_spot_check, "item_no"].tolist(),
            one_in_five=front.loc[is_spot_check, "item_no"].tolist(), n_acts=n_acts, seed=seed,
            sources=StoredSources(
                workspace, schema, proba, record["prediction_id"] if record else None,
                len(given.current),
            ),
        )  # fmt: skip
    else:
        wanted = np.array(request.item_nos, dtype=np.int32)
        asked_for &= np.isin(np.arange(len(asked_for)), wanted)
        item_nos = wanted[chosen[wanted]]
    n_done = int((asked_for & ~is_open & ~doubted).sum())
    because = ranking.because if request.item_nos is None else "it was chosen"
    reasons = dict(zip(front["item_no"].tolist(), front["reason"].tolist(), strict=True))
    basis = Basis(record, because, reasons)
    standing = StandingLabels(current.labels, current.sources) if current else None
    return Queue(item_nos, n_done, request, basis, schema, summary, proba, standing, doubted)


def read_cards(
    workspace: Workspace,
    queue: Queue,
    item_nos: Sequence[int],
    standing: Sequence[Standing | None] | None = None,
) -> list[Card]:
    """Return the cards of the given items, all of which must exist.

    Parameters
    ----------
    standing : sequence of Standing or None, optional
        The labels that the items have; by default what the queue knows of them.
    """
    if not item_nos:
        return []
    with workspace.store.read() as connection:
        items = read_items_at(connection, ("item_id", "text"), item_nos)
        # Not as it was when the queue was opened: an audit may have been drawn since.
        asked_first = read_reasons(connection)
    rows = np.asarray(item_nos)
    if standing is None and queue.standing is not None:
        standing = queue.standing.at(rows)
    return make_cards(
        items,
        _take_proba(queue, rows),
        queue.schema.class_active,
        replace(queue.basis, asked_first=asked_first),
        workspace.modality,
        standing,
    )


def _suggestions(
    workspace: Workspace,
    request: QueueRequest,
    schema: Schema,
    previous: Queue | None,
    live: Live | None,
) -> tuple[Mapping[str, Any] | None, CorpusProba | None, PredictionSummary]:
    """Return what suggests and ranks: the wanted teacher, else what was learnt live, else both."""
    teacher = request.filter.teacher
    if live is not None and not teacher:
        return live.record, live.proba, live.summary
    record = prediction_by(workspace, teacher) if teacher else current_prediction(workspace)
    n_items = workspace.n_items()
    if record is None:
        return None, None, summarise_nothing(n_items)
    proba = StoredProba(workspace.store, record["prediction_id"], schema)
    if previous is not None and _serves_again(previous, record, schema, n_items):
        return record, proba, previous.summary
    summary = prediction_summary(workspace, record["prediction_id"], schema, n_items)
    return record, proba, summary


def _serves_again(previous: Queue, record: Mapping[str, Any], schema: Schema, n_items: int) -> bool:
    return (
        previous.basis.prediction is not None
        and previous.basis.prediction["prediction_id"] == record["prediction_id"]
        and previous.schema == schema
        and len(previous.summary.predicted) == n_items
    )


def _take_proba(queue: Queue, item_nos: Ints) -> NDArray[np.float32]:
    if queue.proba is None:
        return np.full((len(item_nos), queue.schema.n_classes), np.nan, dtype=np.float32)
    return queue.proba.take(item_nos)
