"""Two teachers that look at different things, as one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import CorpusView, Floats, Ints
from annotate.registry import split_in_two
from annotate.teachers.stored import fingerprint, refuse_multi_label


class TwoCues:
    """The product of two predictions on record: sure where both agree, unsure where they differ.

    Parameters
    ----------
    teachers : str
        Two names or ids of predictions, joined by ``+``; registered as
        ``two_cues:zero_shot+imported:sound``.

    References
    ----------
    The pattern of persistent self-supervised learning: a trusted cue labels for another. Naive
    Bayes says how two cues that are independent given the class combine. Differs from it in that
    classes count as equally frequent beforehand.
    """

    name = "two_cues"
    learns_from_labels = False

    def __init__(self, teachers: str | None = None) -> None:
        self._teachers = split_in_two(
            teachers, "teacher two_cues", "two teachers", "two_cues:zero_shot+probe"
        )

    def fit(self, view: CorpusView) -> None:
        """Find the two predictions.

        Raises
        ------
        ConfigError
            If the task is multi-label.
        UnknownNameError, NotReadyError
            If one of the two has not predicted, or not every item.
        """
        refuse_multi_label(view, self.name)
        self._predictions = tuple(view.predictions(teacher) for teacher in self._teachers)
        self._fingerprints = [fingerprint(proba) for proba in self._predictions]

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); where one has no answer the other speaks alone."""
        first, second = (proba.take(rows) for proba in self._predictions)
        return combine_cues(first, second)

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return what tells the two predictions from all others."""
        return dict(zip(("first", "second"), self._fingerprints, strict=True))


def combine_cues(first: Floats, second: Floats) -> NDArray[np.float32]:
    """Return the probabilities of the classes after both cues.

    Parameters
    ----------
    first, second : float arrays of shape (n_items, n_classes)
        Rows sum to 1; best calibrated. A row of NaN has no answer.

    Returns
    -------
    float32 array of shape (n_items, n_classes)
        The product, scaled to sum to 1; the mean where the two leave no class possible; the other
        where one has no answer, NaN where neither has.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(
            f"Both cues must be (n_items, n_classes); got {first.shape} and {second.shape}."
        )
    product = (first * second).astype(np.float32, copy=False)
    total = product.sum(axis=1, keepdims=True)
    clear = total > 0
    np.divide(product, total, out=product, where=clear)
    rows = np.flatnonzero(~clear)
    one, other = first[rows], second[rows]
    both = np.where(np.isnan(one[:, :1]), other, (one + other) / 2)
    product[rows] = np.where(np.isnan(other[:, :1]), one, both)
    return product
