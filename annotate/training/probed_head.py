"""A head that begins as a linear probe, on features that another network learnt.

A head that began at random would spoil the features while it learns (Kumar et al. 2022,
arXiv:2202.10054).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import Module

from annotate.protocols import Floats, Ints, Rows
from annotate.training.linear import Linear
from annotate.training.network_student import ROWS_PER_BLOCK, TrainingRows
from annotate.training.pixel_rows import take_colours
from annotate.training.training_state import load_module, module_arrays


def take_over_features(network: Any, other: Module) -> None:
    """Give a network all weights and running statistics of another but for the head's."""
    head = {f"head.{name}": array for name, array in module_arrays(network.head).items()}
    load_module(network, module_arrays(other) | head)


def begin_as_a_probe(network: Any, taught: TrainingRows, device: str) -> None:
    """Give a network's head the weights of a linear probe on its features."""
    head: nn.Linear = network.head
    features = features_of(network, taught.X, taught.labelled, device)
    probe = Linear(n_classes=head.out_features).fit(features, taught.y, taught.weights)
    load_module(head, probe.parameters())


def features_of(network: Any, X: Floats | Rows, rows: Ints, device: str) -> NDArray[np.float32]:
    """Return (n_rows, dim) what a network's head reads of pictures as they are, not views."""
    blocks = []
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            colours = take_colours(X, rows[start : start + ROWS_PER_BLOCK], device)
            blocks.append(network.features(colours).cpu().numpy())
    return np.concatenate(blocks)
