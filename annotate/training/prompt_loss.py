"""How given labels and pseudo-labels weigh against each other where prompts learn from both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

Setting = Literal["semi", "unseen", "unsupervised"]
Balance = Literal["total", "batch_mean"]


@dataclass(frozen=True)
class LossWeights:
    """What the losses of given labels (gamma) and of pseudo-labels (lambda) count."""

    given: float
    pseudo: float


def loss_weights(
    setting: Setting, n_given: int, n_pseudo: int, *, square_root: bool = False
) -> LossWeights:
    """Return the weights of both losses.

    ==============  ======================================  ==================  ==================
    setting         what is given                           gamma               lambda
    ==============  ======================================  ==================  ==================
    semi            a few labels of every class             n_pseudo / n_given  1
    unseen          labels of some classes; the others      1                   n_given / n_pseudo
                    have pseudo-labels alone
    unsupervised    nothing                                 0                   1
    ==============  ======================================  ==================  ==================

    Where one kind of label is missing, the other has weight 1.

    Parameters
    ----------
    setting : {"semi", "unseen", "unsupervised"}
    n_given, n_pseudo : int
        Rows that teach.
    square_root : bool
        Take the square root of the ratio, as for joint prompts.

    References
    ----------
    Menghini et al. 2023, arXiv:2306.01669: the unified objective.
    """
    if setting == "unsupervised":
        return LossWeights(0.0, 1.0)
    if n_given == 0 or n_pseudo == 0:
        return LossWeights(1.0, 1.0)
    ratio = n_pseudo / n_given if setting == "semi" else n_given / n_pseudo
    ratio = ratio**0.5 if square_root else ratio
    return LossWeights(ratio, 1.0) if setting == "semi" else LossWeights(1.0, ratio)


def balanced_loss(
    losses: torch.Tensor, is_given: torch.Tensor, weights: LossWeights, balance: Balance
) -> torch.Tensor:
    """Return the loss of a batch.

    Parameters
    ----------
    losses : float tensor of shape (n,)
        Cross-entropies.
    is_given : bool tensor of shape (n,)
    weights : LossWeights
    balance : {"batch_mean", "total"}
        ``batch_mean``, as published: each weight multiplies the mean over its own members of the
        batch, 0 where there are none. ``total``: it multiplies each member, and the mean is taken
        over the whole batch, so that over all rows both kinds weigh alike. Where few of many rows
        are given, the former makes them weigh up to ``batch_size`` times as much.
    """
    if balance == "total":
        return torch.where(is_given, weights.given * losses, weights.pseudo * losses).mean()
    given, pseudo = losses[is_given], losses[~is_given]
    return weights.given * mean_or_zero(given) + weights.pseudo * mean_or_zero(pseudo)


def mean_or_zero(losses: torch.Tensor) -> torch.Tensor:
    """Return the mean, 0 of none."""
    return losses.sum() / max(len(losses), 1)
