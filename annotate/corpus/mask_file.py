"""Masks as files: PNG of 8 bits, in which a pixel's value is the number of its class."""

from __future__ import annotations

import io
from colorsys import hsv_to_rgb

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from annotate.protocols import NO_LABEL, Ints

UNKNOWN = 255  # what stands in a file for a pixel whose class is not known
MODES = ("L", "P")
BIT_DEPTH_AT = 24  # in a PNG file
GOLDEN = 0.618034  # of a turn: hues of neighbouring numbers lie far apart


class UnusableMaskError(Exception):
    """A file is no mask of its picture; the message says why."""


def read_mask(data: bytes, size: tuple[int, int], n_classes: int) -> NDArray[np.int16]:
    """Return the class of every pixel, (height, width), -1 where it is not known.

    Parameters
    ----------
    data : bytes
        A PNG file, of grey levels or of a palette, whose values are class numbers; 255 is unknown.
    size : tuple of two int
        Width and height of the picture that it belongs to.
    n_classes : int

    Raises
    ------
    UnusableMaskError
        If it is no mask of that picture.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        _check_kind(image, data, size)
        image.load()
    except UnusableMaskError:
        raise
    except Exception as error:  # Pillow raises many kinds on broken files
        why = f"it is no PNG that can be read ({error})"
        raise UnusableMaskError(why) from None
    values = np.array(image, dtype=np.int16)
    values[values == UNKNOWN] = NO_LABEL
    if values.max() >= n_classes:
        raise UnusableMaskError(
            f"it holds {values.max()}, and classes are 0 to {n_classes - 1}; 255 is unknown",
        )
    if values.max() == NO_LABEL:
        raise UnusableMaskError("no pixel of it has a class")
    return values


def _check_kind(image: Image.Image, data: bytes, size: tuple[int, int]) -> None:
    """Refuse, before anything is decoded, what holds no class numbers or is of another size."""
    # Pillow scales grey levels of fewer bits: 1 of 4 bits would become 17.
    is_coarse_grey = image.mode == "L" and data[BIT_DEPTH_AT] < 8
    if image.mode not in MODES or is_coarse_grey:
        raise UnusableMaskError(
            f"its pixels (mode {image.mode}, {data[BIT_DEPTH_AT]} bits) are no class numbers of 8"
            " bits: save it in grey, or with a palette",
        )
    if image.size != size:
        raise UnusableMaskError(
            f"it has {image.width} x {image.height} pixels, its picture {size[0]} x {size[1]}",
        )


def mask_as_png(mask: Ints) -> bytes:
    """Return a mask as PNG bytes, each class shown in a colour of its own; -1 is stored as 255."""
    values = np.where(mask == NO_LABEL, UNKNOWN, mask).astype(np.uint8)
    image = Image.fromarray(values)
    image.putpalette(palette())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def palette() -> list[int]:
    """Return red, green and blue of 256 values: 0 is black, as backgrounds are; 255 is white."""
    colours = [hsv_to_rgb(number * GOLDEN % 1, 0.67, 0.9) for number in range(256)]
    colours[0], colours[UNKNOWN] = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return [round(255 * part) for colour in colours for part in colour]
