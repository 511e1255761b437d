"""The student that needs no labels: it is distilled from what a teacher is surest of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from annotate.errors import NotReadyError
from annotate.protocols import Floats, Ints, Rows
from annotate.training.distilled import Distilled, split_number
from annotate.training.label_free import jensen_shannon, top_k_per_class, without_duplicates
from annotate.training.network_student import TrainingRows
from annotate.training.pixel_rows import read_rows

PER_CLASS = 1000
FLOOR = 0.5
ALIKE = 0.98  # correlation of the pixels of two pictures from which on they count as the same


class LabelFree(Distilled):
    """A network driven to a teacher's probabilities of its surest pictures; ``label_free``.

    Of each class the pictures that the teacher is surest of are learnt, by the divergence of Jensen
    and Shannon; labels have no say. Pictures that are all but the same as one that measures are
    left out. ``run.teacher_proba`` must be set.

    Parameters
    ----------
    argument : str
        How many pictures of each class, 1000 by default; fewer where the teacher holds fewer for
        more likely than not. ``unmirrored`` as for ``conv``; both are joined by ``+``.

    References
    ----------
    Cui et al. 2021 (SSLD), arXiv:2103.05959. Differs: duplicates are found by the correlation of
    pixels; the short training on labels at the end is left out.
    """

    _name = "label_free"

    def __init__(self, argument: str = "", **settings: Any) -> None:
        number, own = split_number(argument)
        super().__init__(own, **settings)
        self.per_class = read_count(number)
        self.name = f"{self._name}:{argument}" if argument else self._name

    def distance(self, logits: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        """Return the divergence of Jensen and Shannon of a student and a teacher."""
        return jensen_shannon(logits, teacher)

    def _training_rows(
        self, X: Floats | Rows, y: Ints, sample_weight: Floats | None
    ) -> TrainingRows:
        rows = super()._training_rows(X, y, sample_weight)
        assert self.run.teacher_proba is not None
        # What people said stands in Distilled's targets; here the teacher alone is learnt.
        targets = np.array(self.run.teacher_proba, dtype=np.float32)
        usable = rows.usable[~np.isnan(targets[rows.usable, 0])]
        chosen = usable[top_k_per_class(targets[usable], self.per_class, FLOOR)]
        chosen = self._without_measuring(X, chosen)
        if not len(chosen):
            raise NotReadyError(
                "The student label_free learns what a teacher holds for more likely than not; it"
                " does so of no picture. Take another teacher."
            )
        return replace(rows, usable=chosen, targets=targets)

    def _without_measuring(self, X: Floats | Rows, chosen: Ints) -> NDArray[np.intp]:
        """Return those that resemble none of the pictures that no student may look at."""
        if self.run.measures is None or not self.run.measures.any():
            return np.asarray(chosen, dtype=np.intp)
        measuring = centred(read_rows(X, np.flatnonzero(self.run.measures)))
        kept = without_duplicates(centred(read_rows(X, chosen)), measuring, ALIKE)
        return np.asarray(chosen[kept], dtype=np.intp)


def centred(pixels: Floats) -> NDArray[np.float32]:
    """Return rows less their means, so that their cosine is the correlation of two pictures."""
    values = np.asarray(pixels, dtype=np.float32)
    centred: NDArray[np.float32] = values - values.mean(axis=1, keepdims=True)
    return centred


def read_count(argument: str) -> int:
    """Return a number of pictures that may come as text; raise ValueError for what is none."""
    if not argument:
        return PER_CLASS
    if not argument.isdecimal() or int(argument) < 1:
        raise ValueError(
            f"the pictures of each class must be a whole number from 1; got {argument}"
        )
    return int(argument)
