"""Like: what is like the items that have a label, or a certain one, comes first."""

from __future__ import annotations

import numpy as np

from annotate.compute.seeding import seeded_generator
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.review.orders.cells import draw_sample
from annotate.review.orders.context import OrderContext
from annotate.review.orders.coreset import (
    MOST_PER_TARGET,
    cosines_with,
    pick_coreset,
    target_centres,
)
from annotate.review.prediction_summary import PredictionSummary

# Far more than a reviewer answers before the queue is made anew.
MOST_PICKS = 1_000
MOST_TARGETS = 20_000


class LikeOrder:
    """Ask the coreset of the open items that is like the labelled ones, then what is next nearest.

    With the name of a class it looks for more of that class: for one so rare that random items
    hardly ever show it. Without, it looks for whatever is like the labels, and leaves for later
    what a corpus holds besides. It reads no prediction.

    Parameters
    ----------
    class_name : str, optional
        Registered as ``like`` and ``like:CLASS``.

    References
    ----------
    Kim, Bae & Yun 2023 (SimCore): see ``coreset.pick_coreset``. Differs in that 1,000 items at most
    are picked so, and that all others follow, by the cosine with their nearest centre.
    """

    needs_prediction = False
    includes_labelled = False

    def __init__(self, class_name: str | None = None) -> None:
        self._class_name = class_name
        self._those = f"labelled {class_name}" if class_name else "that have a label"
        self.because = f"it is like items {self._those}"

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows; those without features come last.

        Raises
        ------
        UnknownNameError
            If there is no such class.
        NotReadyError
            If no item with such a label has features.
        """
        features = context.sources.features()
        generator = seeded_generator(context.seed, "like")
        labelled = np.flatnonzero(self._is_target(context))
        _, targets = draw_sample(features, labelled, MOST_TARGETS, generator)
        if len(targets) == 0:
            raise NotReadyError(
                f"The queue order like needs items {self._those}, with features; there are none."
                " Label one in another order first, or one that you find by its text or id."
            )
        near = cosines_with(features, context.rows, target_centres(targets, generator))
        picks = pick_coreset(near, min(MOST_PER_TARGET * len(labelled), MOST_PICKS))
        closest = near.max(axis=0)
        closest[picks] = np.inf
        rest = np.argsort(-closest, kind="stable")[len(picks) :]
        return context.rows[np.concatenate([picks, rest])]

    def _is_target(self, context: OrderContext) -> Bools:
        if self._class_name is None:
            return context.labels != NO_LABEL
        return context.labels == context.sources.class_no(self._class_name)
