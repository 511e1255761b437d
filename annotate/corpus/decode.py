"""The one way in which bytes become the picture that encoders and reviewers see.

The canonical picture is RGB, 8 bits, upright by its EXIF orientation, frame or page 0, with
transparency over white.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageCms

from annotate.corpus.regular_file import RejectedInputError, read_regular

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
MAX_PIXELS = 64_000_000
BACKGROUND = (255, 255, 255)

_ORIENTATION_TAG = 0x0112
_TRANSPOSE_BY_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def load_image(source: Path | bytes) -> Image.Image:
    """Return the canonical RGB picture.

    Parameters
    ----------
    source : Path or bytes
        An encoded picture; a path is never followed through a link in its last part.

    Raises
    ------
    RejectedInputError
        If the file cannot be read, or has more than 64 megapixels.
    OSError
        If the bytes do not decode.
    """
    data = read_regular(source) if isinstance(source, Path) else source
    image = open_image(data)
    image.load()
    return turn_upright(to_rgb(image), read_orientation(image))


def open_image(data: bytes) -> Image.Image:
    """Return Pillow's lazy image for one of the allowed formats, its size checked, not decoded."""
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise RejectedInputError(
            "too_large", f"{image.width:,} x {image.height:,} pixels, above {MAX_PIXELS:,}"
        )
    return image


def read_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where EXIF is absent or malformed."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:
        # Pillow's EXIF parser raises many kinds; the inspection flags such a file.
        return 1
    return orientation if orientation in _TRANSPOSE_BY_ORIENTATION else 1


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a viewer shows it."""
    if orientation == 1:
        return image
    return image.transpose(_TRANSPOSE_BY_ORIENTATION[orientation])


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a decoded image in RGB on a white background; modes as in ``conversions``."""
    if image.mode.startswith("I;16"):
        return _scale_16_bits(image)
    if image.mode == "CMYK":
        return _cmyk_to_rgb(image)
    if image.has_transparency_data:
        return _lay_on_background(image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def conversions(image: Image.Image) -> list[str]:
    """Return the ``norm:`` notes of what ``to_rgb`` does to this image.

    Raises
    ------
    RejectedInputError
        With ``bit_depth`` or ``colour_mode`` where no faithful RGB exists.
    """
    mode = image.mode
    if mode in ("I", "F"):
        raise RejectedInputError("bit_depth", f"32-bit pixels (mode {mode}) of unknown range")
    notes = []
    if mode.startswith("I;16"):
        notes = ["norm:16to8", "norm:grey"]
    elif mode in ("L", "LA", "La"):
        notes = ["norm:grey"]
    elif mode in ("P", "PA"):
        notes = ["norm:palette"]
    elif mode == "1":
        notes = ["norm:bilevel"]
    elif mode == "CMYK":
        notes = ["norm:cmyk"]
    elif mode in ("YCbCr", "RGBX"):
        notes = ["norm:colour"]
    elif mode not in ("RGB", "RGBA", "RGBa"):
        raise RejectedInputError("colour_mode", f"colour mode {mode}")
    if image.has_transparency_data:
        notes.append("norm:alpha")
    return notes


def _lay_on_background(image: Image.Image) -> Image.Image:
    background = Image.new("RGBA", image.size, (*BACKGROUND, 255))
    background.alpha_composite(image)
    return background.convert("RGB")


def _scale_16_bits(image: Image.Image) -> Image.Image:
    """Map 0..65535 to 0..255; Pillow's own conversion would clip everything above 255."""
    import numpy as np

    values = np.asarray(image).astype(np.uint32)
    scaled = ((values * 255 + 32767) // 65535).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        scaled[values == transparent] = 255
    return Image.fromarray(scaled).convert("RGB")


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile and is_usable_profile(profile, "CMYK"):
        try:
            converted = ImageCms.profileToProfile(
                image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            return image.convert("RGB")
        if converted is not None:
            return converted
    return image.convert("RGB")


@lru_cache(maxsize=64)
def is_usable_profile(profile: bytes, mode: str) -> bool:
    """Return whether an ICC profile can be read and describes pictures of this mode."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return False
    space = opened.profile.xcolor_space.strip()
    if mode == "CMYK":
        return space == "CMYK"
    if mode in ("1", "L", "LA") or mode.startswith("I"):
        return space in ("GRAY", "RGB")
    return space in ("RGB", "GRAY", "Lab")
