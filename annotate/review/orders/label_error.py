"""Label errors first: the given labels that the prediction contradicts most."""

from __future__ import annotations

import numpy as np

from annotate.protocols import NO_LABEL, Ints
from annotate.review.orders.context import OrderContext
from annotate.review.orders.margin import MarginOrder
from annotate.review.prediction_summary import PredictionSummary


class LabelErrorOrder:
    """Ask again where a given label is least likely; then the open items, closest call first.

    References
    ----------
    Northcutt, Jiang & Chuang 2021, "Confident learning", arXiv:1911.00068: the ranking by
    normalised margin. Theirs needs out-of-sample probabilities; the head round's student has seen
    the labels it is asked about: it contradicts fewer wrong ones, and fewer right ones too.
    """

    because = "its label is in doubt"
    needs_prediction = True
    includes_labelled = True

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return labelled rows by p(label) less p(likeliest class), ascending; then open ones."""
        prediction = context.sources.prediction()
        is_labelled = context.labels[context.rows] != NO_LABEL
        doubted = context.rows[is_labelled]
        given = prediction.take(doubted)[np.arange(len(doubted)), context.labels[doubted]]
        margin = given - summary.confidence[doubted]
        open_rows = OrderContext(
            context.rows[~is_labelled], context.labels, context.n_classes, context.seed
        )
        return np.concatenate(
            [doubted[np.argsort(margin, kind="stable")], MarginOrder().rank(summary, open_rows)]
        )
