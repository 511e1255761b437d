"""Which labelled items a language model is shown beside the item it is asked about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.compute.nearest import nearest_rows
from annotate.protocols import NO_LABEL, CorpusView, Ints

ROWS_PER_BLOCK = 16_384


def nearest_examples(view: CorpusView, rows: Ints, k: int) -> NDArray[np.int64]:
    """Return the labelled items nearest to each of ``rows``, the nearest last.

    Only labels that may train are looked at, and an item is never its own example.

    Returns
    -------
    int64 array of shape (len(rows), k)
        item_no; -1 in front where there are fewer.
    """
    labelled = np.flatnonzero(view.labels != NO_LABEL)
    out = np.full((len(rows), k), -1, dtype=np.int64)
    if k == 0 or not len(labelled):
        return out
    features = view.features()
    base = features.take(labelled)
    asked_for = min(k + 1, len(labelled))
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        block = rows[start : start + ROWS_PER_BLOCK]
        found, cosines = nearest_rows(features.take(block), base, asked_for)
        items = labelled[found]
        # Cosines are -1 or more; what is below marks a place for which nothing was left.
        usable = (items != block[:, None]) & (cosines >= -1.5)
        # Stable: usable ones move to the front and keep their order, nearest first.
        order = np.argsort(~usable, axis=1, kind="stable")[:, :k]
        items = np.where(np.take_along_axis(usable, order, axis=1),
                         np.take_along_axis(items, order, axis=1), -1)  # fmt: skip
        out[start : start + len(block), k - items.shape[1] :] = items[:, ::-1]
    return out
