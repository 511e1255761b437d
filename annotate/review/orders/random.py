"""Random order: every open item is equally likely to come next."""

from __future__ import annotations

from annotate.compute.seeding import seeded_generator
from annotate.protocols import Ints
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary


class RandomOrder:
    """Ask at random, the baseline that every other order has to beat."""

    because = "drawn at random"
    needs_prediction = False
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows shuffled by ``context.seed``."""
        return seeded_generator(context.seed, "queue").permutation(context.rows)
