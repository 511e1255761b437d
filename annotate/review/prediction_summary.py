"""One prediction over the whole corpus, boiled down to a few numbers an item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from annotate.protocols import NO_LABEL, Bools, Rows

# 16 MiB of float32 a block, however many classes there are.
_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class PredictionSummary:
    """How sure a prediction is of each item, retired classes left out.

    Attributes
    ----------
    predicted : int32 array of shape (n_items,)
        The likeliest class; -1 where there is no answer.
    confidence : float32 array of shape (n_items,)
        Its probability; NaN where there is no answer, like the next two.
    margin : float32 array of shape (n_items,)
        Its probability less that of the second.
    entropy : float32 array of shape (n_items,)
        In nats.
    """

    predicted: NDArray[np.int32]
    confidence: NDArray[np.float32]
    margin: NDArray[np.float32]
    entropy: NDArray[np.float32]

    @property
    def answered(self) -> Bools:
        """Return (n_items,) True where the prediction has an answer."""
        return self.predicted != NO_LABEL


def summarise_nothing(n_items: int) -> PredictionSummary:
    """Return the summary of no prediction at all."""
    nan = np.full(n_items, np.nan, dtype=np.float32)
    return PredictionSummary(np.full(n_items, NO_LABEL, dtype=np.int32), nan, nan, nan)


def summarise_prediction(proba: Rows, n_items: int, class_active: Bools) -> PredictionSummary:
    """Return the summary of a prediction, read block by block.

    Parameters
    ----------
    proba : Rows of shape (n_predicted, n_columns)
        A row of NaN means no answer. Items from ``n_predicted`` on have none either.
    n_items : int
    class_active : bool array of shape (n_classes,)
        False for retired classes. ``n_columns`` may be smaller: classes added since.
    """
    predicted = np.full(n_items, NO_LABEL, dtype=np.int32)
    confidence, margin, entropy = (np.full(n_items, np.nan, dtype=np.float32) for _ in range(3))
    n_predicted, n_columns = proba.shape
    retired = ~class_active[:n_columns]
    step = max(1, _BLOCK_VALUES // n_columns)
    for start in range(0, min(n_predicted, n_items), step):
        stop = min(start + step, n_predicted, n_items)
        block = proba.read(start, stop)
        block[:, retired] = 0
        total = block.sum(axis=1)
        answered = np.flatnonzero(total > 0)  # False for NaN
        if len(answered) < len(block):
            block, total = block[answered], total[answered]
        if retired.any():
            block /= total[:, None]
        at = start + answered
        entropy[at] = entr(block).sum(axis=1)
        best = block.argmax(axis=1)
        first = block[np.arange(len(block)), best]
        block[np.arange(len(block)), best] = -1
        predicted[at], confidence[at] = best, first
        margin[at] = first - np.maximum(block.max(axis=1, initial=-1), 0)
    return PredictionSummary(predicted, confidence, margin, entropy)
