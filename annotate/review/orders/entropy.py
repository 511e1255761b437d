"""Highest entropy first: the items on which the prediction is most spread over the classes."""

from __future__ import annotations

import numpy as np

from annotate.protocols import Ints
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary


class EntropyOrder:
    """Ask where the prediction is spread most over all classes."""

    because = "the prediction is spread over many classes"
    needs_prediction = True
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows by entropy, descending; equal entropies keep item order."""
        return context.rows[np.argsort(-summary.entropy[context.rows], kind="stable")]
