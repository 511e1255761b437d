"""Losses of a student that learns a teacher's probabilities instead of labels.

References
----------
Chen et al. 2020, "Big self-supervised models are strong semi-supervised learners",
arXiv:2006.10029, equation 2. Hinton et al. 2015, arXiv:1503.02531, scale the loss by the square of
the temperature; this does not, as the former.
"""

from __future__ import annotations

import torch


def softened(proba: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return ``softmax(log proba / temperature)``: sharper below a temperature of 1."""
    # A probability of 0 stays 0 without a logarithm of it.
    powers = proba ** (1 / temperature)
    return powers / powers.sum(dim=1, keepdim=True)


def soft_cross_entropy(
    logits: torch.Tensor, teacher: torch.Tensor, temperature: float = 1.0
) -> torch.Tensor:
    """Return the mean of ``-sum_y P_T(y; tau) log P_S(y; tau)``.

    Parameters
    ----------
    logits : float tensor of shape (n, n_classes)
        The student's.
    teacher : float tensor of shape (n, n_classes)
        Probabilities; rows sum to 1.
    temperature : float
        Above 0, of both sides: 0.1 for self-distillation, 1 for a smaller student, in the paper.
    """
    log_student = torch.log_softmax(logits / temperature, dim=1)
    return -(softened(teacher, temperature) * log_student).sum(dim=1).mean()
