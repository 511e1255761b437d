"""Images as 16 x 16 colours: no weights, the floor that any image encoder must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.encoders.identity import encoder_id
from annotate.schema import Modality

if TYPE_CHECKING:
    from PIL import Image

SIDE_PX = 16


class PixelsEncoder:
    """Shrinks an image and takes its colours as features, centred and of length 1."""

    modality: Modality = "image"
    dim = SIDE_PX * SIDE_PX * 3

    def __init__(self) -> None:
        self.preprocessing = {"size": SIDE_PX, "interpolation": "bilinear", "resize_mode": "squash"}
        self.preprocess = shrink_image
        self.id = encoder_id(
            "pixels",
            architecture={"name": "pixels"},
            weights_sha256="",
            preprocessing=self.preprocessing,
            dtype="float32",
        )

    def to(self, device: str) -> None:
        """Stay on the CPU: there is no model to move."""

    def forward(self, batch: Any) -> NDArray[np.float32]:
        """Return (n, 768) for uint8 (n, 16, 16, 3); an image of one colour gives zeros."""
        colours = np.asarray(batch).reshape(len(batch), self.dim).astype(np.float32) / 255
        # Without the mean, cosines compare what is drawn and not how bright the picture is.
        colours -= colours.mean(axis=1, keepdims=True)
        length = np.linalg.norm(colours, axis=1, keepdims=True)
        return np.divide(colours, length, out=np.zeros_like(colours), where=length > 1e-6)

    def encode(self, batch: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return (len(batch), 768) for PIL images."""
        return self.forward(np.stack([self.preprocess(image) for image in batch]))


def shrink_image(image: Image.Image) -> NDArray[np.uint8]:
    """Return uint8 (16, 16, 3)."""
    from PIL.Image import Resampling

    return np.asarray(image.convert("RGB").resize((SIDE_PX, SIDE_PX), Resampling.BILINEAR))
