"""Self-supervision: a network learns by how many quarter turns a picture was turned."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from annotate.compute.device import autocast, choose_training_dtype
from annotate.training.rotations import N_ROTATIONS, rotated
from annotate.training.small_resnet import WIDTHS, SmallResNet


class TurnPredictor(SmallResNet):
    """A small residual network with a second head, which names the turn of a picture.

    References
    ----------
    Gidaris et al. 2018, "Unsupervised representation learning by predicting image rotations",
    arXiv:1803.07728.
    """

    def __init__(self, n_classes: int) -> None:
        super().__init__(n_classes)
        self.turn_head = nn.Linear(WIDTHS[-1], N_ROTATIONS)


def turn_loss(network: TurnPredictor, colours: torch.Tensor, device: str) -> torch.Tensor:
    """Return the cross-entropy of the turns of all four turns of some pictures.

    Parameters
    ----------
    colours : float tensor of shape (n, 3, side, side)
        Square pictures, 0 to 1.
    """
    with autocast(device, choose_training_dtype(device)):
        logits = network.train().turn_head(network.features(rotated(colours)))
    turns = torch.arange(N_ROTATIONS, device=device).repeat_interleave(len(colours))
    return cross_entropy(logits.float(), turns)
