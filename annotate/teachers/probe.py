"""A linear classifier on cached features, trained on the labels there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import CorpusView, Ints
from annotate.teachers.labelled import labelled_features
from annotate.training.linear import DEFAULT_C, Linear, read_penalty

ROWS_PER_BLOCK = 65_536


class Probe:
    """Logistic regression on gold and decisions.

    A class without labels gets a probability near 0.

    Parameters
    ----------
    C : float or str
        Inverse strength of the penalty, above 0; registered as ``probe:C``.
    """

    name = "probe"
    learns_from_labels = True

    def __init__(self, C: float | str = DEFAULT_C) -> None:
        self._C = read_penalty(C)

    def fit(self, view: CorpusView) -> None:
        """Learn from the view's labels.

        Raises
        ------
        NotReadyError
            If fewer than two classes have labels.
        """
        features, labels = labelled_features(view, self.name)
        self._head = Linear(self._C, n_classes=view.schema.n_classes).fit(features, labels)

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where an item has no features."""
        features = view.features()
        proba = np.empty((len(rows), view.schema.n_classes), dtype=np.float32)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = rows[start : start + ROWS_PER_BLOCK]
            proba[start : start + len(block)] = self._head.predict_proba(features.take(block))
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the head's weights and intercepts."""
        return self._head.parameters()
