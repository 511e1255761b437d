"""Least confidence first: the items whose likeliest class is least likely."""

from __future__ import annotations

import numpy as np

from annotate.protocols import Ints
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary


class LeastConfidenceOrder:
    """Ask where the likeliest class is least likely.

    References
    ----------
    Lewis & Gale 1994, "A sequential algorithm for training text classifiers", arXiv:cmp-lg/9407020.
    """

    because = "no class is likely"
    needs_prediction = True
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows by confidence, ascending; equal confidences keep item order."""
        return context.rows[np.argsort(summary.confidence[context.rows], kind="stable")]
