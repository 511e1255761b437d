"""An encoder's network with a linear head, of which the last blocks are trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from annotate.protocols import Floats, Ints, Items
from annotate.training.layer_heights import layer_heights
from annotate.training.linear import Linear

ITEMS_PER_BLOCK = 64


class Tower(nn.Module):
    """A network that meets ``protocols.TrainableNetwork``, and a head on its features.

    Parameters
    ----------
    network : torch.nn.Module
    dim : int
        Of its features.
    n_classes : int
    n_last_blocks : int, optional
        How many blocks from the end are trained, with what follows them; 0 trains the head alone,
        None everything.

    Attributes
    ----------
    heights : dict of str to int
        How many blocks lie between each trained weight of the network and the head, 0 for those of
        the last block and after.
    """

    def __init__(
        self, network: Any, dim: int, n_classes: int, n_last_blocks: int | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.head = nn.Linear(dim, n_classes)
        heights = layer_heights(name for name, _ in network.named_parameters())
        n_trained = max(heights.values()) + 1 if n_last_blocks is None else n_last_blocks
        self.heights = {name: height for name, height in heights.items() if height < n_trained}
        for name, weight in network.named_parameters():
            weight.requires_grad_(name in self.heights)

    def forward(self, batch: Any) -> torch.Tensor:
        """Return (n, n_classes) logits of prepared items."""
        logits: torch.Tensor = self.head(self.network(batch))
        return logits

    def train(self, mode: bool = True) -> Tower:
        """Switch to training; a network of which nothing is trained keeps its statistics."""
        super().train(mode)
        if not self.heights:
            self.network.eval()
        return self

    def prepare(self, X: Items, rows: Ints) -> tuple[Ints, Any]:
        """Return those of some rows that can be opened, and the items prepared; None of none."""
        items = X.take(rows)
        there = np.array([item is not None for item in items], dtype=bool)
        found = [item for item in items if item is not None]
        return rows[there], self.network.prepare(found) if found else None

    def features(self, X: Items, rows: Ints) -> tuple[Ints, NDArray[np.float32]]:
        """Return those of some rows that can be opened, and their features without gradients."""
        found: list[Ints] = [np.empty(0, dtype=np.intp)]
        blocks = [np.empty((0, self.head.in_features), dtype=np.float32)]
        self.eval()
        with torch.inference_mode():
            for start in range(0, len(rows), ITEMS_PER_BLOCK):
                there, batch = self.prepare(X, rows[start : start + ITEMS_PER_BLOCK])
                if batch is not None:
                    found.append(there)
                    blocks.append(self.network(batch).float().cpu().numpy())
        return np.concatenate(found), np.concatenate(blocks)

    def begin_as_a_probe(self, features: Floats, y: Ints, weights: Floats) -> None:
        """Give the head the weights of a linear probe."""
        probe = Linear(n_classes=self.head.out_features).fit(features, y, weights).parameters()
        with torch.no_grad():
            self.head.weight.copy_(torch.as_tensor(probe["weight"]))
            self.head.bias.copy_(torch.as_tensor(probe["bias"]))

    def trained_arrays(self) -> dict[str, NDArray[Any]]:
        """Return copies of the trained weights, the head's among them, and running statistics."""
        return {
            name: tensor.detach().cpu().numpy().copy() for name, tensor in self._changing().items()
        }

    def load_trained_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``trained_arrays`` of a like tower returned."""
        with torch.no_grad():
            for name, tensor in self._changing().items():
                tensor.copy_(torch.as_tensor(np.array(arrays[name])))

    def _changing(self) -> dict[str, torch.Tensor]:
        frozen = {name for name, weight in self.named_parameters() if not weight.requires_grad}
        return {name: tensor for name, tensor in self.state_dict().items() if name not in frozen}
