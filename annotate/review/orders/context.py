"""What every queue order is given, and what it must do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from annotate.protocols import Ints
from annotate.review.prediction_summary import PredictionSummary


@dataclass(frozen=True)
class OrderContext:
    """What an order may know besides the prediction.

    Attributes
    ----------
    rows : int array of shape (n_open,)
        The items to put in order, ascending: open, and answered by the prediction.
    labels : int array of shape (n_items,)
        Labels that people gave so far, -1 = none.
    n_classes : int
    seed : int
        For orders that draw.
    """

    rows: Ints
    labels: Ints
    n_classes: int
    seed: int = 0


class QueueOrder(Protocol):
    """Puts items in order; ``because`` tells a reviewer why an item was asked."""

    because: str

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return ``context.rows``, each once, the first to be asked first."""
        ...
