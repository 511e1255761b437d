"""The control for ``rotations``: turned pictures are of one class, and answers are averaged."""

from __future__ import annotations

import torch
from torch.nn import Module
from torch.nn.functional import cross_entropy

from annotate.training.batches import weighted_batch
from annotate.training.conv import Conv, logits_of
from annotate.training.network_student import TrainingRows
from annotate.training.rotations import N_ROTATIONS, rotated


class Turned(Conv):
    """``conv`` on all four turns of each picture, as augmentation, that answers with their mean.

    What ``rotations`` gains beyond it is owed to its pairs of class and turn, and not to seeing a
    picture four times or to a mean of four answers.
    """

    _name = "turned"

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return the cross-entropy of all turns with the class of their picture."""
        drawn = weighted_batch(rows.weights, self.batch_size, self.run.seed, step)
        colours = rotated(self.weak_views(rows, rows.labelled[drawn], step, device))
        labels = torch.as_tensor(rows.y[drawn], dtype=torch.long, device=device)
        return cross_entropy(logits_of(network, colours, device), labels.repeat(N_ROTATIONS))

    def _class_logits(self, network: Module, colours: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = network(rotated(colours))
        return logits.reshape(N_ROTATIONS, len(colours), -1).mean(dim=0)
