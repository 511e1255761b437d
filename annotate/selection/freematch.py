"""Thresholds that the teacher's own confidence sets, for the corpus and for each class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates, iter_pool


class FreeMatch:
    """Accept what is as confident as the mean item, in less likely classes with less.

    The threshold of class c is the mean confidence of all open items, times the mean probability
    of c over that of the class with the largest one. There is nothing to set.

    References
    ----------
    Wang et al. 2023, arXiv:2205.07246 (FreeMatch), self-adaptive thresholding. Differs in that the
    means are those of the whole corpus in this round. The paper's are moving averages over batches
    with a memory of some 1,000 batches; a round trains its student to the end, by when such an
    average has forgotten the rounds before. Its fairness term belongs to training and is left out.
    """

    name = "freematch"
    needs = NO_NEEDS

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        lowest = class_thresholds(proba, context)
        accepted = found.confidence >= lowest[found.classes]
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", "confidence below the mean, scaled to its class"),
        )


def class_thresholds(proba: Floats | Rows, context: SelectionContext) -> NDArray[np.float32]:
    """Return (n_classes,) FreeMatch's thresholds, 0 to 1."""
    total, confidence, n_open = np.zeros(proba.shape[1]), 0.0, 0
    for rows, block in iter_pool(proba, context):
        total += block.sum(axis=0, dtype=np.float64)
        confidence += float(block.max(axis=1).sum(dtype=np.float64))
        n_open += len(rows)
    if n_open == 0:
        return np.zeros(proba.shape[1], dtype=np.float32)
    return (confidence / n_open * total / total.max()).astype(np.float32)
