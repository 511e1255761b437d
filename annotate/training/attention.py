"""Attention: a feature map says itself which of its channels and of its places count more."""

from __future__ import annotations

import torch
from torch import nn

REDUCTION = 16  # channels for each hidden unit
KERNEL_PX = 7


class Cbam(nn.Module):
    """Multiplies a feature map by a weight for each channel, then by one for each place.

    Weights are between 0 and 1. Those of channels come from each channel's mean and maximum over
    all places, those of places from each place's mean and maximum over all channels.

    Parameters
    ----------
    n_channels : int
        16 or more.

    References
    ----------
    Woo et al. 2018, "CBAM: Convolutional block attention module", arXiv:1807.06521, equations 2 and
    3. The convolution has a bias, where the published code normalises each batch.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        hidden = n_channels // REDUCTION
        self.of_channels = nn.Sequential(
            nn.Linear(n_channels, hidden), nn.ReLU(), nn.Linear(hidden, n_channels)
        )
        self.of_places = nn.Conv2d(2, 1, KERNEL_PX, padding=KERNEL_PX // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, n_channels, h, w) for the same."""
        x = x * self._channel_weights(x)
        return x * self._place_weights(x)

    def _channel_weights(self, x: torch.Tensor) -> torch.Tensor:
        of_mean = self.of_channels(x.mean(dim=(2, 3)))
        of_maximum = self.of_channels(x.amax(dim=(2, 3)))
        return torch.sigmoid(of_mean + of_maximum)[:, :, None, None]

    def _place_weights(self, x: torch.Tensor) -> torch.Tensor:
        pooled = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)
        return torch.sigmoid(self.of_places(pooled))


class AddedAttention(Cbam):
    """``CBAM(x) + x``: what counts more is multiplied by up to 2, what counts less by 1 or more.

    References
    ----------
    Wang et al. 2020, "Attentive WaveBlock", arXiv:2006.06525: Pre-A, which is followed by a
    WaveBlock.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, n_channels, h, w) for the same."""
        return super().forward(x) + x
