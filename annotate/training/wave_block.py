"""WaveBlock: a band of rows of a feature map stays, all others are raised, elsewhere each time.

Two networks that learn the same labels grow alike, and then repeat each other's mistakes. Raising
other rows in each makes them see different features of the same picture.

References
----------
Wang et al. 2020, "Attentive WaveBlock", arXiv:2006.06525; its attention is ``AddedAttention``.
"""

from __future__ import annotations

import torch
from torch import nn

BAND = 0.3  # of the rows
RAISED = 1.5


class WaveBlock(nn.Module):
    """Multiplies all rows of a feature map by 1.5, except a band that begins at random.

    Of h rows the band has ``round(0.3 h)``, and begins at any of those from which it fits. It is
    drawn at every call, the same for the whole batch. Only in training: otherwise nothing changes,
    and nothing is rescaled for that. There are no weights.

    Attributes
    ----------
    generator : torch.Generator, optional
        Of the CPU, so that every device draws the same. A training sets one for each step; None in
        a step without waves, in which nothing changes either.
    """

    def __init__(self) -> None:
        super().__init__()
        self.generator: torch.Generator | None = torch.Generator()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, n_channels, h, w) for the same."""
        if not self.training or self.generator is None:
            return x
        n_rows = x.shape[2]
        band = round(BAND * n_rows)
        start = int(torch.randint(n_rows - band + 1, (), generator=self.generator))
        factors = x.new_full((n_rows, 1), RAISED)
        factors[start : start + band] = 1
        return x * factors


def draw_waves_from(network: nn.Module, generator: torch.Generator | None) -> None:
    """Let every WaveBlock inside a network draw from a generator; with None they change nothing."""
    for module in network.modules():
        if isinstance(module, WaveBlock):
            module.generator = generator
