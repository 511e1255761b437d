"""Smallest margin first: the items whose two likeliest classes are closest."""

from __future__ import annotations

import numpy as np

from annotate.protocols import Ints
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary


class MarginOrder:
    """Ask where the two likeliest classes are closest.

    References
    ----------
    Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for information extraction".
    """

    because = "its two likeliest classes are close"
    needs_prediction = True
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows by margin, ascending; equal margins keep item order."""
        return context.rows[np.argsort(summary.margin[context.rows], kind="stable")]
