"""FST: a momentum teacher that looks ahead.

A momentum teacher lags behind its student. Here it first follows a virtual student that has already
taken the next steps; only then does the student itself learn from it, and from where it stood.

References
----------
Du et al. 2022, "Learning from Future: A Novel Self-Training Framework for Semantic Segmentation",
arXiv:2209.07089. Differs in one way: after virtual steps the optimiser's state and the running
statistics go back as well, where the published code restores the weights alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch.nn import Module
from torch.optim import Optimizer

from annotate.training.ema import average_into

Batch = TypeVar("Batch")
# Of student, teacher and batch; the teacher gives labels and gets no gradient.
LossOf = Callable[[Module, Module, Batch], torch.Tensor]


def momentum_step(
    student: Module,
    teacher: Module,
    optimizer: Optimizer,
    batch: Batch,
    loss_of: LossOf[Batch],
    decay: float,
) -> torch.Tensor:
    """Take one step of a student, then let its momentum teacher follow; return the loss.

    One forward-backward pass.
    """
    loss = _descend(student, teacher, optimizer, batch, loss_of)
    average_into(teacher, student, decay)
    return loss


def look_ahead_step(
    student: Module,
    teacher: Module,
    optimizer: Optimizer,
    batch: Batch,
    loss_of: LossOf[Batch],
    decay: float,
    *,
    depth: int,
) -> torch.Tensor:
    """Take ``depth`` virtual steps with the teacher following, then the real one; return its loss.

    FST with a ``depth`` of 1, FST-D with more: ``depth + 1`` forward-backward passes, all on the
    same batch.
    """
    with _virtually(student, optimizer):
        for _ in range(depth):
            momentum_step(student, teacher, optimizer, batch, loss_of, decay)
    return _descend(student, teacher, optimizer, batch, loss_of)


def wide_look_ahead_step(
    student: Module,
    teacher: Module,
    optimizer: Optimizer,
    batches: Sequence[Batch],
    loss_of: LossOf[Batch],
    decay: float,
) -> torch.Tensor:
    """Let the teacher follow the mean of virtual students; then take the real step on the first.

    FST-W: each batch gives a virtual student one step away from the student. After the real step
    the teacher follows the student once more. ``len(batches) + 1`` forward-backward passes.
    """
    mean = copy.deepcopy(student)
    for n_before, batch in enumerate(batches):
        with _virtually(student, optimizer):
            _descend(student, teacher, optimizer, batch, loss_of)
            # The running mean: the first replaces what was copied.
            average_into(mean, student, n_before / (n_before + 1))
    average_into(teacher, mean, decay)
    loss = _descend(student, teacher, optimizer, batches[0], loss_of)
    average_into(teacher, student, decay)
    return loss


def _descend(
    student: Module, teacher: Module, optimizer: Optimizer, batch: Batch, loss_of: LossOf[Batch]
) -> torch.Tensor:
    loss = loss_of(student, teacher, batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


@contextmanager
def _virtually(student: Module, optimizer: Optimizer) -> Iterator[None]:
    """Undo what happens to a student, its running statistics and its optimiser."""
    weights = copy.deepcopy(student.state_dict())
    state = copy.deepcopy(optimizer.state_dict())
    yield
    student.load_state_dict(weights)
    optimizer.load_state_dict(state)
