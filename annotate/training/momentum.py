"""The momentum student: a network that learns from what its own moving average is sure of."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch.nn import Module
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from annotate.compute.device import autocast, choose_training_dtype
from annotate.training.batches import shuffled_batch, weighted_batch
from annotate.training.descent import make_optimizer, set_rate, step_generator
from annotate.training.ema import warmed_decay
from annotate.training.learning_rates import cosine
from annotate.training.look_ahead import momentum_step
from annotate.training.network_student import NetworkStudent, TrainingRows
from annotate.training.online_selection import ONLINE_SELECTORS, OnlineSelector
from annotate.training.pixel_rows import take_colours
from annotate.training.training_state import (
    load_module,
    load_optimizer,
    module_arrays,
    optimizer_arrays,
)
from annotate.training.views import Views

UNLABELLED_PER_LABELLED = 4
DECAY = 0.99
# Told the step just taken and the momentum teacher so far, to watch a training.
Watch = Callable[[int, Module], None]


class Momentum(NetworkStudent):
    """Online consistency training with a momentum teacher; registered as ``momentum``.

    At every step the teacher labels weak views of unlabelled pictures; an online selector weighs
    those labels, the student learns them on strong views of the same pictures beside the given
    labels on weak views, and the teacher follows the student.

    Parameters
    ----------
    argument : str
        An online selector: ``threshold`` (the default), ``flexmatch``, ``freematch``,
        ``softmatch``, ``adamatch`` or ``dash``; ``unmirrored``; or both, joined by ``+``.
    decay : float
        What the teacher keeps of itself at a step; with 0 the student labels for itself.
    watch : function, optional
        Called after every step.
    **settings
        As of every student on pixels; ``batch_size`` is 32.

    References
    ----------
    Tarvainen & Valpola 2017, arXiv:1703.01780 (the teacher); Sohn et al. 2020, arXiv:2001.07685
    (the views and the loss). Differs: 4 unlabelled pictures for each labelled one, not 7; the
    teacher labels, where FixMatch lets the student label and averages for the test alone.
    """

    _name = "momentum"
    _batch_size = 32
    _selectors = tuple(ONLINE_SELECTORS)

    def __init__(
        self,
        argument: str = "",
        *,
        decay: float = DECAY,
        watch: Watch | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(argument, **settings)
        self.decay = decay
        self.watch = watch

    def _begin(self, rows: TrainingRows, device: str) -> _Consistency:
        return _Consistency(self, rows, device)

    def _advance(self, training: _Consistency, step: int) -> torch.Tensor:
        """Take one optimiser step; return the loss."""
        return momentum_step(
            training.student, training.teacher, training.optimizer,
            training.draw(step), training.loss_of, warmed_decay(step, self.decay),
        )  # fmt: skip

    def _trained(self, training: Any) -> Module:
        teacher: Module = training.teacher
        return teacher

    def _describe(self) -> str:
        return f"{self.name} {self.decay}"


@dataclass
class _Batch:
    """Labelled weak views with their classes, and two views of each unlabelled picture."""

    labelled: torch.Tensor
    targets: torch.Tensor
    places: torch.Tensor  # of the unlabelled among the usable rows
    weak: torch.Tensor
    strong: torch.Tensor
    is_observed: bool = False  # by the online selector, whose statistics move once a batch


class _Consistency:
    """Student, teacher and online selector in training; meets ``run_steps.Training``."""

    def __init__(self, method: Momentum, rows: TrainingRows, device: str) -> None:
        self._method, self._rows, self._device = method, rows, device
        self._views = Views(method.mirrored)
        self.student = method._make_network(rows.n_classes).to(device)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False).eval()
        self.optimizer: Optimizer = make_optimizer(self.student)
        self._selector: OnlineSelector = ONLINE_SELECTORS[method.selector](
            rows.n_classes, len(rows.usable)
        ).to(device)

    def take_step(self, step: int) -> float:
        set_rate(self.optimizer, cosine(step, self._method.n_steps))
        loss = float(self._method._advance(self, step))
        if self._method.watch:
            self._method.watch(step, self.teacher)
        return loss

    def draw(self, number: int) -> _Batch:
        """Return the batch of that number: it and the seed are all that it depends on."""
        seed, size, rows = self._method.run.seed, self._method.batch_size, self._rows
        drawn = weighted_batch(rows.weights, size, seed, number)
        shuffled = shuffled_batch(len(rows.usable), size * UNLABELLED_PER_LABELLED, seed, number)
        unlabelled = rows.usable[shuffled]
        generator = step_generator(seed, number)
        pictures = take_colours(rows.X, unlabelled, self._device)
        return _Batch(
            labelled=self._views.weak(
                take_colours(rows.X, rows.labelled[drawn], self._device), generator
            ),
            targets=torch.as_tensor(rows.y[drawn], dtype=torch.long, device=self._device),
            places=torch.as_tensor(shuffled, device=self._device),
            weak=self._views.weak(pictures, generator),
            strong=self._views.strong(pictures, generator),
        )

    def loss_of(self, student: Module, teacher: Module, batch: _Batch) -> torch.Tensor:
        """Return cross-entropy on the labels, and on the weighed labels of the teacher."""
        with autocast(self._device, choose_training_dtype(self._device)):
            with torch.no_grad():
                proba = self._observe(teacher, batch)
                weights = self._selector.weigh(proba)
            logits = student.train()(torch.cat([batch.labelled, batch.strong])).float()
        given, pseudo = logits.split([len(batch.labelled), len(batch.strong)])
        per_item = cross_entropy(pseudo, proba.argmax(dim=1), reduction="none")
        return cross_entropy(given, batch.targets) + (weights * per_item).mean()

    def _observe(self, teacher: Module, batch: _Batch) -> torch.Tensor:
        """Return the teacher's probabilities of the unlabelled; the selector sees them once."""
        proba = teacher(batch.weak).float().softmax(dim=1)
        if not batch.is_observed:
            labelled = (
                teacher(batch.labelled).float().softmax(dim=1)
                if self._selector.needs_labelled
                else None
            )
            self._selector.observe(proba, batch.places, labelled)
            batch.is_observed = True
        return proba

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **module_arrays(self.student, "student."),
            **module_arrays(self.teacher, "teacher."),
            **module_arrays(self._selector, "selector."),
            **optimizer_arrays(self.optimizer, "optimizer."),
        }

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        load_module(self.student, arrays, "student.")
        load_module(self.teacher, arrays, "teacher.")
        load_module(self._selector, arrays, "selector.")
        load_optimizer(self.optimizer, arrays, "optimizer.")
