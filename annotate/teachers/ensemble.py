"""Several predictions on record as one teacher: their mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError
from annotate.protocols import CorpusView, Ints
from annotate.teachers.stored import fingerprint, refuse_multi_label


class Ensemble:
    """The mean of the newest predictions of several teachers, each with one vote.

    Parameters
    ----------
    teachers : str
        Two names or more, or ids of predictions, joined by ``+``; registered as
        ``ensemble:zero_shot+probe+imported:resnet``.

    References
    ----------
    Lakshminarayanan, Pritzel & Blundell 2017, "Deep ensembles", arXiv:1612.01474: probabilities are
    averaged, not votes. Theirs are runs of one model, ours whatever teachers there are.
    """

    name = "ensemble"
    learns_from_labels = False

    def __init__(self, teachers: str = "") -> None:
        self._teachers = [name for name in teachers.split("+") if name]
        if len(set(self._teachers)) < 2:
            raise ConfigError(
                "The teacher ensemble needs two teachers or more that have predicted, joined by"
                f" '+'; got {teachers!r}. Give for instance ensemble:zero_shot+probe."
            )

    def fit(self, view: CorpusView) -> None:
        """Find the predictions; there is nothing to learn.

        Raises
        ------
        ConfigError
            If the task is multi-label.
        UnknownNameError, NotReadyError
            If one of the teachers has not predicted, or not every item.
        """
        refuse_multi_label(view, self.name)
        self._predictions = [view.predictions(teacher) for teacher in self._teachers]

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); the mean of those that answer, NaN where none does."""
        total = np.zeros((len(rows), self._predictions[0].shape[1]), dtype=np.float32)
        n_answers = np.zeros((len(rows), 1), dtype=np.float32)
        for prediction in self._predictions:
            proba = prediction.take(rows)
            answered = ~np.isnan(proba[:, 0])
            total[answered] += proba[answered]
            n_answers[answered] += 1
        return np.where(n_answers > 0, total / np.maximum(n_answers, 1), np.nan).astype(np.float32)

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return what tells each prediction from all others: the hash of its probabilities."""
        return {
            f"prediction_{number}": fingerprint(prediction)
            for number, prediction in enumerate(self._predictions)
        }
