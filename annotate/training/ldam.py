"""LDAM: wider margins and, late in a training, larger weights for classes with few items.

References
----------
Cao et al. 2019, "Learning imbalanced datasets with label-distribution-aware margin loss",
arXiv:1906.07413, section 3. Differs in one way: a class without items has margin and weight 0,
where the formulas divide by 0.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, one_hot

from annotate.protocols import Ints

LARGEST_MARGIN = 0.5
SCALE = 30.0
BETA = 0.9999


def class_margins(counts: Ints, largest: float = LARGEST_MARGIN) -> NDArray[np.float64]:
    """Return each class's margin, in proportion to ``n_c ** (-1 / 4)``.

    Parameters
    ----------
    counts : int array of shape (n_classes,)
        Items of each class, 0 or more.
    largest : float
        The margin of the smallest class that has items.

    Returns
    -------
    float64 array of shape (n_classes,)
        0 for a class without items, which is no row's class.

    Raises
    ------
    ValueError
        If counts are negative, all 0, or not one-dimensional.
    """
    _check_counts(counts)
    margins = np.zeros(len(counts))
    margins[counts > 0] = counts[counts > 0] ** -0.25
    return largest * margins / margins.max()


def deferred_class_weights(counts: Ints, beta: float = BETA) -> NDArray[np.float64]:
    """Return each class's weight, in proportion to ``(1 - beta) / (1 - beta ** n_c)``.

    That is the inverse of its effective number of items.

    Parameters
    ----------
    counts : int array of shape (n_classes,)
        Items of each class, 0 or more.
    beta : float
        0 weighs all classes alike; the closer to 1, the closer to ``1 / n_c``. Below 1.

    Returns
    -------
    float64 array of shape (n_classes,)
        Sums to ``n_classes``; 0 for a class without items.

    Raises
    ------
    ValueError
        If counts are negative, all 0, or not one-dimensional, or beta is not in [0, 1).

    References
    ----------
    Cui et al. 2019, "Class-balanced loss based on effective number of samples", arXiv:1901.05555.
    """
    _check_counts(counts)
    if not 0 <= beta < 1:
        raise ValueError(f"beta must be 0 or more and below 1; got {beta}. Try {BETA}.")
    weights = np.zeros(len(counts))
    weights[counts > 0] = (1 - beta) / (1 - beta ** counts[counts > 0])
    return weights * (len(counts) / weights.sum())


def ldam_loss(
    cosines: torch.Tensor,
    targets: torch.Tensor,
    margins: torch.Tensor,
    scale: float = SCALE,
    class_weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the mean of ``-log softmax(scale (z - margin_y at y))_y``.

    A row must win by the margin of its own class before its loss becomes small.

    Parameters
    ----------
    cosines : float tensor of shape (n, n_classes)
        The outputs z, before scaling. Margins of up to 0.5 suppose cosines, -1 to 1.
    targets : int64 tensor of shape (n,)
        The classes y.
    margins : float tensor of shape (n_classes,)
    scale : float
        Above 0. The margins are scaled too.
    class_weights : float tensor of shape (n_classes,), optional
        The mean becomes that of rows weighed by their class; one of them must weigh above 0.
    """
    own_margin = one_hot(targets, cosines.shape[1]) * margins
    return cross_entropy(scale * (cosines - own_margin), targets, weight=class_weights)


def _check_counts(counts: Ints) -> None:
    if counts.ndim != 1 or counts.min(initial=0) < 0 or counts.max(initial=0) == 0:
        raise ValueError(
            "counts must hold each class's number of items, 0 or more and above 0 somewhere;"
            f" got {counts.tolist()}. Count the labels with numpy.bincount."
        )
