"""The student that names class and rotation together (SLA)."""

from __future__ import annotations

import torch
from torch.nn import Module
from torch.nn.functional import cross_entropy

from annotate.training.batches import weighted_batch
from annotate.training.conv import Conv, logits_of
from annotate.training.network_student import TrainingRows

N_ROTATIONS = 4  # by quarter turns


class Rotations(Conv):
    """A network whose outputs are pairs of class and rotation; registered as ``rotations``.

    It must not call all four rotations of a picture alike, as augmentation would ask, and its
    answers on the four are averaged. A step sees each drawn picture four times.

    References
    ----------
    Lee et al. 2020, "Self-supervised label augmentation via input transformations",
    arXiv:1910.05872: equation 3 and the aggregated inference, without self-distillation.
    """

    _name = "rotations"
    outputs_per_class = N_ROTATIONS

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return ``mean_j CE(logits of t_j(x), (y, j))``."""
        drawn = weighted_batch(rows.weights, self.batch_size, self.run.seed, step)
        colours = rotated(self.weak_views(rows, rows.labelled[drawn], step, device))
        labels = torch.as_tensor(rows.y[drawn], dtype=torch.long, device=device)
        return cross_entropy(logits_of(network, colours, device), joint_labels(labels))

    def _class_logits(self, network: Module, colours: torch.Tensor) -> torch.Tensor:
        return aggregated(network(rotated(colours)))


def rotated(colours: torch.Tensor) -> torch.Tensor:
    """Return (4 n, ...): all pictures as they are, then all turned once, twice and thrice."""
    return torch.cat([torch.rot90(colours, turn, dims=(2, 3)) for turn in range(N_ROTATIONS)])


def joint_labels(labels: torch.Tensor) -> torch.Tensor:
    """Return (4 n,) the outputs ``4 y + j`` of the pictures that ``rotated`` returns."""
    return torch.cat([labels * N_ROTATIONS + turn for turn in range(N_ROTATIONS)])


def aggregated(logits: torch.Tensor) -> torch.Tensor:
    """Return (n, n_classes): ``s_c = 1/4 sum_j logit_(c, j) of t_j(x)`` of (4 n, 4 n_classes)."""
    of_turn = logits.reshape(N_ROTATIONS, -1, logits.shape[1] // N_ROTATIONS, N_ROTATIONS)
    return torch.stack([of_turn[turn, :, :, turn] for turn in range(N_ROTATIONS)]).mean(dim=0)
