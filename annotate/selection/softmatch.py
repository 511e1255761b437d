"""Accept everything, and let it weigh by how far its confidence is below the mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import active_classes
from annotate.selection.reweighting import find_reweighed, mean_proba

# The published width: the Gaussian's standard deviation is that of the confidences over 2.
N_SIGMA = 2.0


class SoftMatch:
    """Weigh each label 1 from the mean confidence on, and less below it, by half a Gaussian.

    Confidence is the probability of the class after uniform alignment: probabilities are divided by
    their mean over the corpus, so that classes the teacher prefers do not weigh more than others.
    Only what is so far below the mean that its weight rounds to 0 is rejected.

    References
    ----------
    Chen et al. 2023, arXiv:2301.10921 (SoftMatch), equations 6 to 9. Differs in that mean and
    variance are those of the whole corpus in this round, for the reason given with ``freematch``,
    and that the aligned probability is that of the label itself. The paper takes the largest one,
    which is another class's where alignment changes the order, and would weigh such a label fully.
    """

    name = "softmatch"
    needs = NO_NEEDS

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        factors = uniform_alignment(proba, context)
        pool = find_reweighed(proba, replace(context, candidates=None), factors, relabel=False)
        found = (
            pool
            if context.candidates is None
            else find_reweighed(proba, context, factors, relabel=False)
        )
        weights = gaussian_weights(found.confidence, pool.confidence)
        accepted = weights > 0
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=weights,
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", "confidence so far below the mean that it weighs nothing"),
        )


def uniform_alignment(proba: Floats | Rows, context: SelectionContext) -> NDArray[np.float64]:
    """Return (n_classes,) factors that make the mean probabilities alike; 0 for retired classes."""
    means = mean_proba(proba, context)
    return np.divide(1.0, means, out=np.zeros(len(means)), where=means > 0) * active_classes(
        context, len(means)
    )


def gaussian_weights(confidence: Floats, pool: Floats) -> NDArray[np.float32]:
    """Return exp(-(c - m)^2 / (2 v / 4)) for confidence c below the pool's mean m, else 1.

    Parameters
    ----------
    confidence : float array of shape (n_considered,)
    pool : float array of shape (n_open,)
        Confidences whose mean m and variance v count.
    """
    if len(pool) == 0:
        return np.zeros(len(confidence), dtype=np.float32)
    mean, variance = pool.mean(dtype=np.float64), pool.var(dtype=np.float64)
    below = np.minimum(confidence - mean, 0)
    # Where all are equally confident, rounding alone is below the mean.
    width = 2 * max(variance, np.finfo(np.float32).eps) / N_SIGMA**2
    return np.exp(-(below**2) / width).astype(np.float32)
