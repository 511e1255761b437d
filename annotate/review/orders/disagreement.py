"""Disagreement first: the items about which teachers say the most different things."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from annotate.protocols import Floats, Ints
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary

# 16 MiB of float32 a block and teacher, however many classes there are.
_BLOCK_VALUES = 4_000_000


class DisagreementOrder:
    """Ask where teachers differ most, counting how sure each is.

    References
    ----------
    McCallum & Nigam 1998, "Employing EM and pool-based active learning for text classification":
    the mean Kullback-Leibler divergence of a committee's members from their mean, which is the
    Jensen-Shannon divergence. Theirs are drawn from one model; ours are the teachers there are.
    """

    because = "its teachers disagree"
    needs_prediction = False
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows by divergence, descending; those with one answer at most come last."""
        predictions = context.sources.predictions()
        divergence = np.empty(len(context.rows), dtype=np.float32)
        step = max(1, _BLOCK_VALUES // context.n_classes)
        for start in range(0, len(context.rows), step):
            rows = context.rows[start : start + step]
            divergence[start : start + step] = jensen_shannon([p.take(rows) for p in predictions])
        return context.rows[np.argsort(-divergence, kind="stable")]


def jensen_shannon(probas: Sequence[Floats]) -> NDArray[np.float32]:
    """Return how far several predictions of the same items are from their mean, in nats.

    Parameters
    ----------
    probas : sequence of float arrays of shape (n_items, n_classes)
        A row of NaN means no answer; the others' mean is taken then.

    Returns
    -------
    float32 array of shape (n_items,)
        0 to log(number of predictions); 0 where fewer than two have an answer.
    """
    total = np.zeros(probas[0].shape, dtype=np.float32)
    entropies = np.zeros(len(total), dtype=np.float32)
    n_answers = np.zeros(len(total), dtype=np.float32)
    for proba in probas:
        answered = ~np.isnan(proba[:, 0])
        total[answered] += proba[answered]
        entropies[answered] += entr(proba[answered]).sum(axis=1)
        n_answers += answered
    several = n_answers > 1
    divergence = np.zeros(len(total), dtype=np.float32)
    count = n_answers[several]
    divergence[several] = entr(total[several] / count[:, None]).sum(axis=1)
    divergence[several] -= entropies[several] / count
    # What agrees is 0 but for rounding, which must not put equals into an order of its own.
    return np.where(divergence > 1e-6, divergence, 0).astype(np.float32)
