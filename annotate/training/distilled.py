"""The distilled student: a network that learns what the round's teacher says of every picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import Module

from annotate.protocols import Floats, Ints, Rows
from annotate.training.batches import shuffled_batch
from annotate.training.conv import Conv, logits_of
from annotate.training.distillation import soft_cross_entropy
from annotate.training.network_student import UNMIRRORED, TrainingRows

TEMPERATURE = 1.0


class Distilled(Conv):
    """A network trained on probabilities; registered as ``distilled``.

    Every picture that the teacher answers counts alike, however sure it is; where people gave a
    label it takes the answer's place, and where they are divided the shares of their answers do.
    Selectors have no say. ``run.teacher_proba`` must be set.

    Parameters
    ----------
    argument : str
        The temperature of both sides, 1 by default: 0.1 is meant for a student like its teacher.
        ``unmirrored`` as for ``conv``; both are joined by ``+``.

    References
    ----------
    Chen et al. 2020 (SimCLRv2), arXiv:2006.10029, section 2: distillation alone, without a second
    term for labels. Peterson et al. 2019, arXiv:1908.07086: the shares of people's answers as soft
    labels.
    """

    _name = "distilled"

    def __init__(self, argument: str = "", **settings: Any) -> None:
        number, own = split_number(argument)
        super().__init__(own, **settings)
        self.temperature = read_temperature(number)
        self.name = f"{self._name}:{argument}" if argument else self._name

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return how far the student is from the teacher on the step's pictures."""
        assert rows.targets is not None
        place = shuffled_batch(len(rows.usable), self.batch_size, self.run.seed, step)
        drawn = rows.usable[place]
        logits = logits_of(network, self.weak_views(rows, drawn, step, device), device)
        teacher = torch.as_tensor(rows.targets[drawn], device=device)
        return self.distance(logits, teacher)

    def distance(self, logits: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of a student's logits with a teacher's probabilities."""
        return soft_cross_entropy(logits, teacher, self.temperature)

    def _training_rows(
        self, X: Floats | Rows, y: Ints, sample_weight: Floats | None
    ) -> TrainingRows:
        rows = super()._training_rows(X, y, sample_weight)
        if self.run.teacher_proba is None:
            raise ValueError(
                "The student distilled needs run.teacher_proba, what a teacher says of every row;"
                " got none. Set run before fit."
            )
        targets = np.array(self.run.teacher_proba, dtype=np.float32)
        is_given = self.run.given if self.run.given is not None else np.ones(len(y), dtype=bool)
        known = rows.labelled[is_given[rows.labelled]]
        targets[known] = np.eye(rows.n_classes, dtype=np.float32)[y[known]]
        if self.run.opinions is not None:
            targets[self.run.opinions.rows] = self._unsharpened(self.run.opinions.shares)
        answered = ~np.isnan(targets[rows.usable, 0])
        return replace(rows, usable=rows.usable[answered], targets=targets)

    def _unsharpened(self, shares: Floats) -> Floats:
        """Return what the loss softens to these shares, which people gave as they are."""
        powers = shares**self.temperature
        return powers / powers.sum(axis=1, keepdims=True)


def split_number(argument: str) -> tuple[str, str]:
    """Return the number among words that are joined by ``+``, and the other words."""
    words = argument.split("+")
    number = "+".join(word for word in words if word != UNMIRRORED)
    return number, "+".join(word for word in words if word == UNMIRRORED)


def read_temperature(argument: str) -> float:
    """Return a temperature that may come as text; raise ValueError unless it is above 0."""
    try:
        number = float(argument or TEMPERATURE)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ValueError(f"the temperature must be a number above 0; got {argument}")
    return number
