"""Encoders' networks with gradients: what a student trains further.

Each meets ``protocols.TrainableNetwork``; its ``forward`` gives what its encoder gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize


class ImageNetwork(nn.Module):
    """The image tower of an open_clip model.

    Parameters
    ----------
    network : torch.nn.Module
        Of normalised pixels.
    preprocess : function
        Of an RGB PIL image to uint8 (3, height, width).
    preprocessing : mapping
        ``mean`` and ``std`` of each colour.
    """

    augments = True

    def __init__(
        self,
        network: nn.Module,
        preprocess: Callable[[Any], Any],
        preprocessing: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.network = network
        self._preprocess = preprocess
        for name in ("mean", "std"):
            values = torch.tensor(preprocessing[name]).reshape(1, 3, 1, 1)
            self.register_buffer(f"colour_{name}", values, persistent=False)
        self.colour_mean: torch.Tensor
        self.colour_std: torch.Tensor

    def prepare(self, items: Sequence[Any]) -> torch.Tensor:
        """Return colours, 0 to 1, (n, 3, height, width), of PIL images, where the network is."""
        pixels = np.stack([self._preprocess(item) for item in items])
        return torch.as_tensor(pixels).to(self.colour_mean.device).float() / 255

    def forward(self, colours: torch.Tensor) -> torch.Tensor:
        """Return (n, dim), each row of length 1."""
        features = self.network((colours - self.colour_mean) / self.colour_std)
        return normalize(features.float(), dim=-1)


class TextNetwork(nn.Module):
    """A sentence-transformers model."""

    augments = False

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network = model

    def prepare(self, items: Sequence[str]) -> dict[str, Any]:
        """Return the tokens of texts where the network is; long ones are cut."""
        device = next(self.network.parameters()).device
        # Later versions have another name for it, and log a warning at the old one.
        tokenize = getattr(self.network, "preprocess", None) or self.network.tokenize
        tokens = tokenize(list(items))
        return {
            name: value.to(device) if isinstance(value, torch.Tensor) else value
            for name, value in tokens.items()
        }

    def forward(self, tokens: Mapping[str, Any]) -> torch.Tensor:
        """Return (n, dim), each row of length 1."""
        features = self.network(dict(tokens))["sentence_embedding"]
        return normalize(features.float(), dim=-1)
