"""The student in two stages: pseudo-labels first, given labels last."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import Module

from annotate.training.conv import Conv
from annotate.training.learning_rates import cosine
from annotate.training.network_student import TrainingRows
from annotate.training.weights import balance_classes

FIRST_STAGE = 0.75  # of the steps
SECOND_RATE = 0.1  # of the first stage's highest


class TwoStage(Conv):
    """A network trained on pseudo-labels alone, then on given ones; registered as ``two_stage``.

    Mistakes among the pseudo-labels are overwritten last. In each stage all classes weigh alike,
    and the second begins at a tenth of the rate. Where all labels are given, or none, both stages
    learn from all.

    References
    ----------
    Pseudo-label pre-training and then fine-tuning on clean labels, in "Predictions for pre-training
    language models": three stages there, of which the first trains the teacher. The rates and the
    split of the steps are ours.
    """

    _name = "two_stage"

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return cross-entropy on the labels of the stage."""
        return super().step_loss(network, self._of_stage(rows, step), step, device)

    def rate(self, step: int) -> float:
        """Return half a cosine for each stage."""
        first = self._n_first()
        if step < first:
            return cosine(step, first)
        return SECOND_RATE * cosine(step - first, self.n_steps - first)

    def _n_first(self) -> int:
        return round(FIRST_STAGE * self.n_steps)

    def _of_stage(self, rows: TrainingRows, step: int) -> TrainingRows:
        if self.run.given is None:
            return rows
        is_given = self.run.given[rows.labelled]
        if is_given.all() or not is_given.any():
            return rows
        wanted = np.flatnonzero(is_given == (step >= self._n_first()))
        y = rows.y[wanted]
        # Balanced over both kinds before, classes are not so within one.
        weights = balance_classes(rows.weights[wanted], y)
        return TrainingRows(rows.X, rows.usable, rows.labelled[wanted], y, weights, rows.n_classes)
