"""The review queue: which items are asked, and in what order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.errors import UnknownNameError
from annotate.protocols import Bools, Ints
from annotate.registry import Registry
from annotate.review.orders.context import NoSources, OrderContext, OrderSources, QueueOrder
from annotate.review.prediction_summary import PredictionSummary
from annotate.schema import Schema

DEFAULT_ORDER = "expected_corrections"
# How chosen, and what it costs: docs/methods.md, "spot check".
ONE_IN = 5
LIKE = "like"  # the order that may be told a class

_HERE = "annotate.review.orders"
queue_orders = Registry(
    "queue order",
    {
        "class_balanced": f"{_HERE}.class_balanced:ClassBalancedOrder",
        "contrastive": f"{_HERE}.contrastive:ContrastiveOrder",
        "cover": f"{_HERE}.cover:CoverOrder",
        "disagreement": f"{_HERE}.disagreement:DisagreementOrder",
        "entropy": f"{_HERE}.entropy:EntropyOrder",
        "expected_corrections": f"{_HERE}.expected_corrections:ExpectedCorrectionsOrder",
        "k_centre": f"{_HERE}.k_centre:KCentreOrder",
        "label_error": f"{_HERE}.label_error:LabelErrorOrder",
        "least_confidence": f"{_HERE}.least_confidence:LeastConfidenceOrder",
        LIKE: f"{_HERE}.like:LikeOrder",
        "margin": f"{_HERE}.margin:MarginOrder",
        "mixed": f"{_HERE}.mixed:MixedOrder",
        "random": f"{_HERE}.random:RandomOrder",
        "typical": f"{_HERE}.typical:TypicalOrder",
    },
)


def check_like(order: str, schema: Schema) -> None:
    """Raise UnknownNameError if an order asks for what is like a class that is not in force."""
    name, _, class_name = order.partition(":")
    known = [spec.name for spec in schema.active]
    if name == LIKE and class_name and class_name not in known:
        raise UnknownNameError("class", class_name, known)


def build_queue(
    summary: PredictionSummary,
    order: QueueOrder,
    *,
    is_open: Bools,
    labels: Ints,
    n_classes: int,
    asked_first: Sequence[int] = (),
    one_in_five: Sequence[int] = (),
    n_acts: int = 0,
    seed: int = 0,
    sources: OrderSources | None = None,
) -> NDArray[np.int32]:
    """Return the items to ask in the order in which a reviewer is asked.

    Parameters
    ----------
    summary : PredictionSummary
    order : QueueOrder
        From ``queue_orders``.
    is_open : bool array of shape (n_items,)
        False for items that need no answer: dropped, or labelled beyond the order's doubt.
    labels : int array of shape (n_items,)
        Labels that people gave so far and that may train, -1 = none: what measures orders nothing.
    n_classes : int
    asked_first : sequence of int
        Items that a step asked for; those still open come before all others, in this order.
    one_in_five : sequence of int
        Items that a step asked for between others: every fifth item is the next one of them.
    n_acts : int
        What people have done so far: the queue is opened again and again, and goes on counting.
    seed : int
    sources : OrderSources, optional
        What orders may read besides the summary.

    Returns
    -------
    int32 array of shape (n_open,)
        Asked first, then ranked, then those that the order cannot rank without a prediction,
        shuffled, as a corpus often comes sorted by class; between the last two one in five.
    """
    front = np.array([number for number in asked_first if is_open[number]], dtype=np.int64)
    inserted = np.array([number for number in one_in_five if is_open[number]], dtype=np.int64)
    rest = is_open.copy()
    rest[front] = False
    rest[inserted] = False
    ranked_mask = rest & summary.answered if order.needs_prediction else rest
    ranked = order.rank(
        summary,
        OrderContext(np.flatnonzero(ranked_mask), labels, n_classes, seed, sources or NoSources()),
    )
    unranked = np.flatnonzero(rest & ~ranked_mask)
    last = seeded_generator(seed, "queue without prediction").permutation(unranked)
    others = np.concatenate([ranked, last])
    n_before = -n_acts % ONE_IN + (ONE_IN - 1) * np.arange(len(inserted))
    mixed = np.insert(others, np.minimum(n_before, len(others)), inserted)
    return np.concatenate([front, mixed]).astype(np.int32)
