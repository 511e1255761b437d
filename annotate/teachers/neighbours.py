"""The nearest labelled items vote."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.compute.nearest import nearest_rows
from annotate.protocols import CorpusView, Ints
from annotate.selection.settings import read_count
from annotate.teachers.labelled import labelled_features

ROWS_PER_BLOCK = 16_384


class Neighbours:
    """Each of the k nearest labelled items votes for its class with its cosine as weight.

    Needs no training, and a single label a class is enough. Cosines below 0 do not vote; where
    none is left, the k vote alike.

    Parameters
    ----------
    k : int or str
        1 or more; registered as ``neighbours:10``. Fewer vote where fewer labels exist.
    """

    name = "neighbours"
    learns_from_labels = True

    def __init__(self, k: int | str = 10) -> None:
        self._k = read_count(k, "The number of neighbours")

    def fit(self, view: CorpusView) -> None:
        """Remember the labelled items.

        Raises
        ------
        NotReadyError
            If fewer than two classes have labels.
        """
        self._features, self._labels = labelled_features(view, self.name)

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where an item has no features."""
        features = view.features()
        proba = np.empty((len(rows), view.schema.n_classes), dtype=np.float32)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = rows[start : start + ROWS_PER_BLOCK]
            proba[start : start + len(block)] = self._vote(features.take(block), proba.shape[1])
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the labelled items' features and labels."""
        return {"features": self._features, "labels": self._labels}

    def _vote(self, queries: NDArray[np.float32], n_classes: int) -> NDArray[np.float32]:
        k = min(self._k, len(self._labels))
        nearest, cosines = nearest_rows(queries, self._features, k)
        weights = np.maximum(cosines, 0)
        weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1)
        cells = np.arange(len(queries))[:, None] * n_classes + self._labels[nearest]
        votes = np.bincount(
            cells.ravel(), weights=weights.ravel(), minlength=len(queries) * n_classes
        )
        proba = votes.reshape(len(queries), n_classes) / weights.sum(axis=1, keepdims=True)
        proba[~np.isfinite(queries).all(axis=1)] = np.nan
        return proba.astype(np.float32)
