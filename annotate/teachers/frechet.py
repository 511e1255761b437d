"""The class that is nearest to what a teacher says, by how far apart classes are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, CorpusView, Floats, Ints
from annotate.registry import split_in_two
from annotate.teachers.class_metric import read_class_distances
from annotate.teachers.stored import fingerprint, refuse_multi_label

ROWS_PER_BLOCK = 65_536


class Frechet:
    """The Fréchet mean of another teacher's probabilities under a metric on classes.

    It keeps errors small, not few: of two classes it prefers the one whose errors would be nearer
    to the truth, and it may name a class that the other teacher never learnt. Its numbers say how
    near each class is, and are flatter than probabilities of being right.

    Parameters
    ----------
    metric_and_teacher : str
        A metric (``text``, or a CSV file: see ``read_class_distances``) and a teacher on record,
        joined by ``+``; registered as ``frechet:tree.csv+probe``.

    References
    ----------
    Roberts et al. 2023 (Loki), NeurIPS.
    """

    name = "frechet"
    learns_from_labels = False

    def __init__(self, metric_and_teacher: str | None = None) -> None:
        self._metric, self._teacher = split_in_two(
            metric_and_teacher,
            "teacher frechet",
            "a class metric and a teacher",
            "frechet:tree.csv+probe",
        )

    def fit(self, view: CorpusView) -> None:
        """Read the metric and find the prediction.

        Raises
        ------
        ConfigError
            If the task is multi-label, or the encoder cannot read class names for ``text``.
        SourceError
            If the metric's file cannot be used.
        UnknownNameError, NotReadyError
            If the teacher has not predicted, or not every item.
        """
        refuse_multi_label(view, self.name)
        self._squared = (read_class_distances(self._metric, view) ** 2).astype(np.float32)
        self._prediction = view.predictions(self._teacher)
        self._fingerprint = fingerprint(self._prediction)
        self._active = view.schema.class_active

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where the teacher has no answer, 0 if retired."""
        found = np.empty((len(rows), len(self._active)), dtype=np.float32)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = slice(start, start + ROWS_PER_BLOCK)
            proba = self._prediction.take(rows[block])
            found[block] = frechet_proba(proba, self._squared, self._active)
        return found

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the squared distances and what tells the prediction from all others."""
        return {"squared_distances": self._squared, "prediction": self._fingerprint}


def frechet_proba(proba: Floats, squared: Floats, active: Bools) -> NDArray[np.float32]:
    """Return how near each class is to the probabilities, as numbers that sum to 1.

    Parameters
    ----------
    proba : float array of shape (n_items, n_classes)
        A row of NaN gives a row of NaN.
    squared : float array of shape (n_classes, n_classes)
        Squared distances between classes, not all 0.
    active : bool array of shape (n_classes,)
        False for classes that get 0.

    Returns
    -------
    float32 array of shape (n_items, n_classes)
        The largest is the Fréchet mean, the class with the least expected squared distance; ties go
        to the lower class. With a distance of 1 between any two classes it is ``proba`` itself.

    References
    ----------
    Roberts et al. 2023: argmin of P D^2. Differs in that the largest squared distance less the
    expected one is scaled to sum to 1, where the paper gives the class alone.
    """
    near = expected_squared_distance(proba, squared)
    np.subtract(np.float32(squared.max()), near, out=near)
    np.maximum(near, 0, out=near)
    near[:, ~active] *= 0  # and no answer stays none
    total = near.sum(axis=1, keepdims=True)
    near /= np.where(total == 0, 1, total)
    return near


def expected_squared_distance(proba: Floats, squared: Floats) -> NDArray[np.float32]:
    """Return (n_items, n_classes): what answering each class would cost, by ``proba``."""
    return np.asarray(proba @ squared, dtype=np.float32)
