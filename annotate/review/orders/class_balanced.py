"""Class by class: ask next where the predicted class has the fewest labels."""

from __future__ import annotations

import numpy as np

from annotate.protocols import NO_LABEL, Ints
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary


class ClassBalancedOrder:
    """Fill the rarest class first, going by what the items are predicted to be.

    Within a class the smallest margin comes first.
    """

    because = "its predicted class has few labels"
    needs_prediction = True
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows so that each next one is of the class with the fewest labels so far."""
        labels = context.labels[context.labels != NO_LABEL]
        n_labelled = np.bincount(labels, minlength=context.n_classes)
        classes = summary.predicted[context.rows]
        by_class = np.lexsort((summary.margin[context.rows], classes))
        sorted_classes = classes[by_class]
        place_in_class = np.arange(len(by_class)) - np.searchsorted(sorted_classes, sorted_classes)
        # How many labels its class will have when this item is asked, if predictions are right.
        n_before = n_labelled[sorted_classes] + place_in_class
        return context.rows[by_class[np.lexsort((sorted_classes, n_before))]]
