"""A small U-Net that gives every pixel class scores: minutes of training on two CPU cores."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import interpolate, max_pool2d

WIDTHS = (16, 32, 64)


class SmallUNet(nn.Module):
    """Convolutions at the full, half and quarter side, then back up beside what was passed by.

    Parameters
    ----------
    n_classes : int
        Logits it gives for each pixel.
    widths : tuple of int
        Channels at each level; every level after the first halves the side.

    References
    ----------
    Ronneberger, Fischer & Brox 2015, arXiv:1505.04597. Differs: padded, so that logits are as large
    as the picture; three levels; batch normalisation; pixels are repeated on the way up.
    """

    def __init__(self, n_classes: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        ways_down = zip((3, *widths), widths, strict=False)
        self.down = nn.ModuleList(_block(n_in, n_out) for n_in, n_out in ways_down)
        ways_up = pairwise(reversed(widths))
        self.up = nn.ModuleList(_block(deep + shallow, shallow) for deep, shallow in ways_up)
        self.head = nn.Conv2d(widths[0], n_classes, 1)

    def forward(self, colours: torch.Tensor) -> torch.Tensor:
        """Return (n, n_classes, height, width) logits of colours from 0 to 1, (n, 3, ...).

        Raises
        ------
        ValueError
            If a side cannot be halved at every level: with three it must be divisible by 4.
        """
        self._check_sides(colours)
        # With the channels of a pixel side by side, convolutions take less time.
        colours = colours.contiguous(memory_format=torch.channels_last)
        x = self.down[0]((colours - 0.5) * 4)
        passed_by = []
        for block in self.down[1:]:
            passed_by.append(x)
            x = block(max_pool2d(x, 2))
        for block in self.up:
            x = block(torch.cat([interpolate(x, scale_factor=2), passed_by.pop()], dim=1))
        logits: torch.Tensor = self.head(x)
        return logits

    def _check_sides(self, colours: torch.Tensor) -> None:
        height, width = colours.shape[2:]
        factor = 2 ** len(self.up)
        if height % factor or width % factor:
            raise ValueError(
                f"Sides of pictures must be divisible by {factor}; got {height} x {width} px."
                " Resize or pad them first."
            )


def _block(n_in: int, n_out: int) -> nn.Sequential:
    """Return two convolutions, each normalised and rectified."""
    layers: list[nn.Module] = []
    for n_before in (n_in, n_out):
        # Normalising takes away what a bias would add.
        layers += [
            nn.Conv2d(n_before, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)
