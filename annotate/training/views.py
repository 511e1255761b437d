"""Weak and strong views of a batch of pictures, a different one for each picture.

All changes of place are one affine map and one resampling, so that a batch takes a few tensor
operations wherever it lies.

References
----------
Sohn et al. 2020, arXiv:2001.07685 (weak: mirror and shift; strong: many changes, then Cutout).
Differs: in place of RandAugment's list, of which each picture gets two, each gets a turn, a scale,
a shear and three changes of colour, all of random strength.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import affine_grid, grid_sample

SHIFT = 0.125  # of the side, at most
TURN_RAD = math.radians(25)
SCALE = 0.2
SHEAR = 0.2
COLOUR = 0.5  # brightness, contrast and saturation change by a factor of 1 - this to 1 + this
CUT = 0.5  # of the side


@dataclass(frozen=True)
class Views:
    """How pictures may change without changing their class.

    Attributes
    ----------
    mirrored : bool
        Whether a picture and its mirror image are of one class; not so for digits and letters.
    """

    mirrored: bool = True

    def weak(self, colours: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return the pictures shifted by whole pixels and mirrored at random.

        Parameters
        ----------
        colours : float tensor of shape (n, 3, side, side)
            0 to 1. The border is continued by reflection.
        generator : torch.Generator
            Of the CPU, so that every device draws the same.
        """
        n, _, _, side = colours.shape
        return _moved(colours, self._mirrors(n, generator), _shifts(n, side, generator))

    def strong(self, colours: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return the pictures also turned, scaled, sheared, recoloured, and one square greyed."""
        n, _, _, side = colours.shape
        linear = self._mirrors(n, generator) @ _distortions(n, generator)
        moved = _moved(colours, linear, _shifts(n, side, generator))
        return _cut_out(_recoloured(moved, generator), generator)

    def _mirrors(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Return (n, 2, 2): the identity, or what swaps left and right."""
        linear = torch.eye(2).repeat(n, 1, 1)
        if self.mirrored:
            linear[:, 0, 0] = 1 - 2 * torch.randint(0, 2, (n,), generator=generator).float()
        return linear


def _shifts(n: int, side: int, generator: torch.Generator) -> torch.Tensor:
    """Return (n, 2) shifts by whole pixels, in the grid's unit of half a side."""
    most = round(SHIFT * side)
    pixels = torch.randint(-most, most + 1, (n, 2), generator=generator)
    return pixels.float() * 2 / side


def _distortions(n: int, generator: torch.Generator) -> torch.Tensor:
    """Return (n, 2, 2) turns, scales and shears."""
    turn, scale, shear = _uniform(n, 3, generator).unbind(dim=1)
    cos, sin = torch.cos(turn * TURN_RAD), torch.sin(turn * TURN_RAD)
    size = 1 + scale * SCALE
    sheared = shear * SHEAR
    rows = torch.stack([cos, sheared * cos - sin, sin, sheared * sin + cos], dim=1)
    return (rows * size[:, None]).reshape(n, 2, 2)


def _moved(colours: torch.Tensor, linear: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    theta = torch.cat([linear, shift[:, :, None]], dim=2).to(colours.device)
    grid = affine_grid(theta, list(colours.shape), align_corners=False)
    return grid_sample(
        colours, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def _recoloured(colours: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Change brightness, then contrast about the picture's mean, then saturation."""
    drawn = 1 + COLOUR * _uniform(len(colours), 3, generator).to(colours.device)
    brightness, contrast, saturation = drawn[:, :, None, None, None].unbind(dim=1)
    colours = colours * brightness
    mean = colours.mean(dim=(1, 2, 3), keepdim=True)
    colours = mean + (colours - mean) * contrast
    grey = colours.mean(dim=1, keepdim=True)
    return (grey + (colours - grey) * saturation).clamp(0, 1)


def _cut_out(colours: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Grey a square anywhere, in part outside too (DeVries & Taylor 2017, arXiv:1708.04552)."""
    n, _, _, side = colours.shape
    centre = torch.randint(0, side, (n, 2), generator=generator).to(colours.device)
    place = torch.arange(side, device=colours.device)
    inside = (place[None, None] - centre[:, :, None]).abs() < CUT * side / 2  # (n, 2, side)
    square = inside[:, 0, :, None] & inside[:, 1, None, :]
    return colours.masked_fill(square[:, None], 0.5)


def _uniform(n: int, k: int, generator: torch.Generator) -> torch.Tensor:
    """Return (n, k) numbers from -1 to 1."""
    return torch.rand((n, k), generator=generator) * 2 - 1
