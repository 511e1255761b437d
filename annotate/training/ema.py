"""The momentum teacher: a moving average of a student's weights."""

from __future__ import annotations

import torch
from torch.nn import Module


def warmed_decay(step: int, decay: float) -> float:
    """Return the share of itself that a momentum teacher keeps at a step, counted from 0.

    Early on it is ``1 - 1 / (step + 1)``, so that the teacher is the plain mean of the students so
    far and soon forgets the untrained one; from then on it is ``decay``.

    References
    ----------
    Tarvainen & Valpola 2017, arXiv:1703.01780 (ramp-up of the decay); Du et al. 2022,
    arXiv:2209.07089, use this form of it.
    """
    return min(1 - 1 / (step + 1), decay)


def average_into(teacher: Module, student: Module, decay: float) -> None:
    """Move a teacher towards a student: ``teacher = decay * teacher + (1 - decay) * student``.

    Running statistics, such as those of batch normalisation, are averaged like weights; counts are
    copied. No gradient is recorded.

    Parameters
    ----------
    teacher, student : torch.nn.Module
        Of one architecture; only the teacher changes.
    decay : float
        0 to 1; with 0 the teacher becomes the student.
    """
    with torch.no_grad():
        latest = student.state_dict()
        for name, kept in teacher.state_dict().items():
            if kept.is_floating_point():
                kept.lerp_(latest[name], 1 - decay)
            else:
                kept.copy_(latest[name])
