"""The review queue: which items are asked, and in what order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.protocols import Bools, Ints
from annotate.registry import Registry
from annotate.review.orders.context import OrderContext, QueueOrder
from annotate.review.prediction_summary import PredictionSummary

DEFAULT_ORDER = "mixed"

_HERE = "annotate.review.orders"
queue_orders = Registry(
    "queue order",
    {
        "class_balanced": f"{_HERE}.class_balanced:ClassBalancedOrder",
        "entropy": f"{_HERE}.entropy:EntropyOrder",
        "margin": f"{_HERE}.margin:MarginOrder",
        "mixed": f"{_HERE}.mixed:MixedOrder",
        "random": f"{_HERE}.random:RandomOrder",
    },
)


def build_queue(
    summary: PredictionSummary,
    order: QueueOrder,
    *,
    is_open: Bools,
    labels: Ints,
    n_classes: int,
    asked_first: Sequence[int] = (),
    seed: int = 0,
) -> NDArray[np.int32]:
    """Return the open items in the order in which a reviewer is asked.

    Parameters
    ----------
    summary : PredictionSummary
    order : QueueOrder
        From ``queue_orders``; ranks the items that the prediction answered.
    is_open : bool array of shape (n_items,)
        False for items that need no answer: decided, gold-labelled or dropped.
    labels : int array of shape (n_items,)
        Labels that people gave so far, -1 = none.
    n_classes : int
    asked_first : sequence of int
        Items that a step asked for; those still open come before all others, in this order.
    seed : int

    Returns
    -------
    int32 array of shape (n_open,)
        Asked first, then ranked, then those without a prediction, shuffled: a corpus often comes
        sorted by class.
    """
    front = np.array([number for number in asked_first if is_open[number]], dtype=np.int64)
    rest = is_open.copy()
    rest[front] = False
    ranked = order.rank(
        summary, OrderContext(np.flatnonzero(rest & summary.answered), labels, n_classes, seed)
    )
    unanswered = np.flatnonzero(rest & ~summary.answered)
    last = seeded_generator(seed, "queue without prediction").permutation(unanswered)
    return np.concatenate([front, ranked, last]).astype(np.int32)
