"""Pictures as they are, in one size: what students that train on pixels read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.encoders.identity import encoder_id
from annotate.schema import Modality

if TYPE_CHECKING:
    from PIL import Image


class RawPixels:
    """Squashes a picture into a square and gives its colours as 0 to 255; meets ``Encoder``.

    It is no encoder to be found by name: its rows are no features that cosines compare.

    Parameters
    ----------
    side_px : int
        Side of the square.
    """

    modality: Modality = "image"

    def __init__(self, side_px: int) -> None:
        self.dim = 3 * side_px**2
        self.preprocessing = {"size": side_px, "interpolation": "bilinear", "resize_mode": "squash"}
        self.preprocess = partial(resize_picture, side_px=side_px)
        self.id = encoder_id(
            f"raw-{side_px}px",
            architecture={"name": "raw_pixels"},
            weights_sha256="",
            preprocessing=self.preprocessing,
            dtype="uint8",
        )

    def to(self, device: str) -> None:
        """Stay on the CPU: there is no model to move."""

    def forward(self, batch: Any) -> NDArray[np.float32]:
        """Return (n, dim) for uint8 (n, side_px, side_px, 3)."""
        return np.asarray(batch).reshape(len(batch), self.dim).astype(np.float32)

    def encode(self, batch: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return (len(batch), dim) for PIL images."""
        return self.forward(np.stack([self.preprocess(image) for image in batch]))


def resize_picture(image: Image.Image, *, side_px: int) -> NDArray[np.uint8]:
    """Return uint8 (side_px, side_px, 3); a picture of that size is left as it is."""
    from PIL.Image import Resampling

    return np.asarray(image.convert("RGB").resize((side_px, side_px), Resampling.BILINEAR))
