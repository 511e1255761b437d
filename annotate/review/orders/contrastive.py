"""Contrastive: items whose prediction differs from those of the labelled items nearest to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from annotate.compute.nearest import nearest_rows
from annotate.protocols import NO_LABEL, Floats, Ints
from annotate.review.orders.context import OrderContext
from annotate.review.orders.margin import MarginOrder
from annotate.review.prediction_summary import PredictionSummary

N_NEIGHBOURS = 10
ROWS_AT_ONCE = 16_384
# Probabilities below this count as this: none is 0 to a logarithm.
_LEAST = np.finfo(np.float32).tiny


class ContrastiveOrder:
    """Ask where the model says something else than about its nearest labelled items.

    Before the first label, the smallest margin comes first; items without features come last.

    References
    ----------
    Margatina, Vernikos, Barrault & Aletras 2021 (CAL), arXiv:2109.03764, algorithm 1, with its 10
    neighbours. Differs in two ways: nearness is by cosine of the features in use, which the model
    did not shape; and with fewer than 10 labelled items all of them are neighbours.
    """

    because = "the prediction differs from that of labelled items near it"
    needs_prediction = True
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return the rows by mean divergence, descending; equal ones keep item order."""
        features, prediction = context.sources.features(), context.sources.prediction()
        labelled = np.flatnonzero((context.labels != NO_LABEL) & summary.answered)
        base = features.take(labelled)
        has_features = ~np.isnan(base[:, 0])
        labelled, base = labelled[has_features], base[has_features]
        if len(labelled) == 0:
            return MarginOrder().rank(summary, context)
        base_proba = prediction.take(labelled)
        k = min(N_NEIGHBOURS, len(labelled))
        divergence = np.empty(len(context.rows), dtype=np.float32)
        for start in range(0, len(context.rows), ROWS_AT_ONCE):
            rows = context.rows[start : start + ROWS_AT_ONCE]
            queries = features.take(rows)
            near, _ = nearest_rows(queries, base, k)
            found = mean_divergence(prediction.take(rows), base_proba, near)
            found[np.isnan(queries[:, 0])] = -1
            divergence[start : start + len(rows)] = found
        return context.rows[np.argsort(-divergence, kind="stable")]


def mean_divergence(proba: Floats, base_proba: Floats, near: Ints) -> NDArray[np.float32]:
    """Return the mean Kullback-Leibler divergence of neighbours' predictions from an item's own.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
    base_proba : float array of shape (n_base, n_classes)
    near : int array of shape (n_items, k)
        Each item's neighbours, as rows of ``base_proba``.

    Returns
    -------
    float32 array of shape (n_items,)
        In nats; 0 where all say the same.
    """
    # The mean over l of sum p_l log(p_l / p) is the mean of p_l times -log p, less the mean
    # entropy: one logarithm an item and class, not one a neighbour too.
    mean_entropy = entr(base_proba).sum(axis=1)[near].mean(axis=1)
    mean_proba = base_proba[near[:, 0]]  # a copy
    for column in near.T[1:]:
        mean_proba += base_proba[column]
    mean_proba /= near.shape[1]
    logs = np.log(np.maximum(proba, _LEAST))
    divergence = -np.einsum("ic,ic->i", mean_proba, logs) - mean_entropy
    # What agrees is 0 but for rounding, which must not put equals into an order of its own.
    return np.where(divergence > 1e-5, divergence, 0).astype(np.float32)
