"""Uncertain and random items in turn."""

from __future__ import annotations

import numpy as np

from annotate.protocols import Ints
from annotate.review.orders.context import OrderContext
from annotate.review.orders.margin import MarginOrder
from annotate.review.orders.random import RandomOrder
from annotate.review.prediction_summary import PredictionSummary


class MixedOrder:
    """Take the smallest margin and a random item in turn.

    Close calls teach a student most, but a set of nothing else misleads it: they lie along the
    borders, repeat each other, and never show what the teacher is confidently wrong about. Random
    items cover the corpus as it is.
    """

    because = "close calls and random items take turns"
    needs_prediction = True
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows alternating between the two orders, each row once."""
        uncertain = MarginOrder().rank(summary, context)
        random = RandomOrder().rank(summary, context)
        place = np.empty(len(context.labels), dtype=np.int64)
        place[uncertain] = 2 * np.arange(len(uncertain))
        # Every row has a turn in both orders; the earlier one counts.
        place[random] = np.minimum(place[random], 2 * np.arange(len(random)) + 1)
        return context.rows[np.argsort(place[context.rows])]
