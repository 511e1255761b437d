"""The student that names class and rotation together (SLA)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import Module
from torch.nn.functional import cross_entropy, kl_div

from annotate.compute.device import autocast, choose_training_dtype
from annotate.training.batches import weighted_batch
from annotate.training.conv import Conv, logits_of
from annotate.training.network_student import TrainingRows
from annotate.training.small_resnet import WIDTHS, SmallResNet

N_ROTATIONS = 4  # by quarter turns


class Rotations(Conv):
    """A network whose outputs are pairs of class and rotation; registered as ``rotations``.

    It must not call all four rotations of a picture alike, as augmentation would ask, and its
    answers on the four are averaged. A step sees each drawn picture four times.

    Parameters
    ----------
    argument : str
        ``distilled``: a second head learns that average from the unturned picture alone, and it is
        what predicts: one pass instead of four. ``unmirrored`` as for ``conv``; both are joined by
        ``+``.

    References
    ----------
    Lee et al. 2020, "Self-supervised label augmentation via input transformations",
    arXiv:1910.05872: equation 3, the aggregated inference, and the self-distillation.
    """

    _name = "rotations"
    _extras = ("distilled",)
    outputs_per_class = N_ROTATIONS

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return ``mean_j CE(logits of t_j(x), (y, j))``, with self-distillation where asked."""
        drawn = weighted_batch(rows.weights, self.batch_size, self.run.seed, step)
        colours = rotated(self.weak_views(rows, rows.labelled[drawn], step, device))
        labels = torch.as_tensor(rows.y[drawn], dtype=torch.long, device=device)
        if isinstance(network, SelfDistilled):
            return self_distillation_loss(*_logits_of_both(network, colours, device), labels)
        return cross_entropy(logits_of(network, colours, device), joint_labels(labels))

    def _make_network(self, n_classes: int) -> Module:
        if "distilled" in self.extras:
            return self._seeded(lambda: SelfDistilled(n_classes))
        return super()._make_network(n_classes)

    def _class_logits(self, network: Module, colours: torch.Tensor) -> torch.Tensor:
        if isinstance(network, SelfDistilled):
            return network.class_head(network.features(colours))
        return aggregated(network(rotated(colours)))


class SelfDistilled(SmallResNet):
    """A small residual network for pairs of class and rotation, and a second head for classes."""

    def __init__(self, n_classes: int) -> None:
        super().__init__(n_classes * N_ROTATIONS)
        self.class_head = nn.Linear(WIDTHS[-1], n_classes)


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


def self_distillation_loss(
    joint: torch.Tensor, own: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Return ``mean_j CE(joint, (y, j)) + KL(softmax(s) || softmax(u)) + CE(u, y)``.

    The temperature and the weight of the last term are 1, as in the paper.

    Parameters
    ----------
    joint : float tensor of shape (4 n, 4 n_classes)
        Of the pictures that ``rotated`` returns. Their aggregate s teaches and gets no gradient
        for that.
    own : float tensor of shape (n, n_classes)
        u, the second head's, of the unturned pictures.
    labels : int tensor of shape (n,)
    """
    taught = aggregated(joint).detach().softmax(dim=1)
    distance = kl_div(own.log_softmax(dim=1), taught, reduction="batchmean")
    return cross_entropy(joint, joint_labels(labels)) + distance + cross_entropy(own, labels)


def _logits_of_both(
    network: SelfDistilled, turned: torch.Tensor, device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the joint logits of all turns, and the second head's of the unturned pictures."""
    with autocast(device, choose_training_dtype(device)):
        features = network.train().features(turned)
        unturned = features[: len(features) // N_ROTATIONS]
        joint, own = network.head(features), network.class_head(unturned)
    return joint.float(), own.float()
