"""A threshold for each class, lower where the teacher has learnt less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Floats, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates, iter_pool, read_history
from annotate.selection.settings import read_share


class FlexMatch:
    """Accept what reaches its class's threshold, which follows how many the teacher is sure of.

    See ``class_thresholds``. A class of which the teacher was never sure has threshold 0: its items
    are all accepted, and so is everything where the teacher was never sure of anything.

    Parameters
    ----------
    minimum : float or str
        The highest threshold, 0 to 1; registered as ``flexmatch:0.95``.

    References
    ----------
    Zhang et al. 2021, arXiv:2110.08263 (FlexMatch), with curriculum pseudo-labelling's warm-up.
    """

    needs: frozenset[Need] = frozenset({"history"})

    def __init__(self, minimum: float | str = 0.95) -> None:
        self.minimum = read_share(minimum, "The threshold of flexmatch")
        self.name = f"flexmatch:{self.minimum:g}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        lowest = class_thresholds(proba, context, self.minimum)
        accepted = found.confidence >= lowest[found.classes]
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", "confidence below its class's threshold"),
        )


def class_thresholds(
    proba: Floats | Rows, context: SelectionContext, minimum: float
) -> NDArray[np.float32]:
    """Return (n_classes,) FlexMatch's thresholds, from 0 to ``minimum``.

    Each open item counts for the class that a round was last sure of, by a confidence of
    ``minimum`` or more; of the n items some never had one. With s(c) items of class c,
    b(c) = s(c) / max(max s, n - sum s) and the threshold is minimum * b(c) / (2 - b(c)). Counted
    over the whole corpus, in which a round of ours stands for a pass of theirs over the data.
    """
    sure_of = np.zeros(proba.shape[1], dtype=np.int64)
    n_open = 0
    for rows, block in iter_pool(proba, context):
        latest = np.full(len(rows), NO_LABEL)
        for said in (*read_history(proba, rows, context), block):
            classes = said.argmax(axis=1)
            # NaN, no answer in that round, is not sure.
            sure = said[np.arange(len(rows)), classes] >= minimum
            latest[sure] = classes[sure]
        sure_of += np.bincount(latest[latest != NO_LABEL], minlength=len(sure_of))
        n_open += len(rows)
    learnt = sure_of / max(int(sure_of.max()), n_open - int(sure_of.sum()), 1)
    return (minimum * learnt / (2 - learnt)).astype(np.float32)
