"""Look hard at one picture: its digest, size and notes, or the reason why it cannot be used.

This runs in worker processes: whatever a hostile file does stays there.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from annotate.corpus import decode, sniff
from annotate.corpus.regular_file import RejectedInputError
from annotate.corpus.trailing import has_trailing_data

TINY_PIXELS = 8
MAX_ASPECT = 50

_FORMAT_BY_SUFFIX = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
_TIFF_MARKS = (b"II*\0", b"MM\0*")


class Inspected(NamedTuple):
    """A usable picture; width and height are those of the canonical, upright picture."""

    sha256: str
    width: int
    height: int
    notes: tuple[str, ...]


def inspect_image(data: bytes, name: str | None = None) -> Inspected:
    """Decode a picture completely and describe it.

    Parameters
    ----------
    data : bytes
        The encoded picture.
    name : str, optional
        Its file name, whose suffix is compared with the content.

    Raises
    ------
    RejectedInputError
        With the quarantine code; nothing else escapes, whatever the bytes are.
    """
    if not data:
        raise RejectedInputError("empty", "0 bytes")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            image = decode.open_image(data)
            # Known only before decoding: Pillow keeps the high byte of 16-bit colour by itself.
            is_deep = any(";16" in str(tile.args) for tile in getattr(image, "tile", ()))
            image.load()
            found = _describe(image, data, name, caught)
            if is_deep and "norm:16to8" not in found.notes:
                found = found._replace(notes=("norm:16to8", *found.notes))
            return found
    except RejectedInputError:
        raise
    except MemoryError as error:
        raise RejectedInputError("decoder_crash", "out of memory") from error
    except Exception as error:
        raise RejectedInputError(*_reject(data, error)) from error


def _describe(
    image: Image.Image, data: bytes, name: str | None, caught: list[warnings.WarningMessage]
) -> Inspected:
    width, height = image.size
    notes = decode.conversions(image)
    orientation = decode.read_orientation(image)
    if orientation != 1:
        notes.append("norm:exif")
        if orientation >= 5:
            width, height = height, width
    # Many phones write JPEGs with a second picture for depth or gain, which Pillow calls MPO.
    picture = "JPEG" if image.format == "MPO" else str(image.format)
    if _has_malformed_exif(image, caught):
        notes.append("flag:exif")
    profile = image.info.get("icc_profile")
    if profile and not decode.is_usable_profile(profile, image.mode):
        notes.append("flag:icc")
    suffix = os.path.splitext(name)[1].lower() if name else ""
    if _FORMAT_BY_SUFFIX.get(suffix, picture) != picture:
        notes.append("flag:ext_mismatch")
    if max(width, height) < TINY_PIXELS:
        notes.append("flag:tiny")
    if max(width, height) > MAX_ASPECT * min(width, height):
        notes.append("flag:aspect")
    if image.format != "MPO":
        if has_trailing_data(data, picture):
            notes.append("flag:trailing")
        # Asked last: a GIF answers by moving to its next frame.
        if getattr(image, "is_animated", False):
            notes.append("flag:pages" if picture == "TIFF" else "flag:animated")
    return Inspected(hashlib.sha256(data).hexdigest(), width, height, tuple(notes))


def _has_malformed_exif(image: Image.Image, caught: list[warnings.WarningMessage]) -> bool:
    if any("EXIF" in str(warning.message) for warning in caught):
        return True
    raw = image.info.get("exif")
    if not raw:
        return False
    return not raw.removeprefix(b"Exif\0\0").removeprefix(b"Exif\0\0").startswith(_TIFF_MARKS)


def _reject(data: bytes, error: Exception) -> tuple[str, str]:
    """Return (code, detail) for what Pillow raised; its messages are all there is to go by."""
    message = str(error)
    if isinstance(error, Image.DecompressionBombError):
        return "too_large", "header claims an enormous size"
    if isinstance(error, ValueError) and "too large" in message:
        return "metadata_bomb", message
    picture = sniff.picture_format(data)
    if picture is None:
        return sniff.reject_reason(data)
    size = sniff.header_size(data, picture)
    if size is not None and 0 in size:
        return "zero_size", f"{size[0]} x {size[1]} pixels"
    if "runcated" in message or _is_cut(data, picture):
        return "truncated", f"{picture}: the data ends too early"
    if isinstance(error, UnidentifiedImageError):
        return "corrupt", f"{picture} with a damaged header"
    return "corrupt", f"{picture}: {message[:200]}"


def _is_cut(data: bytes, picture: str) -> bool:
    """Return whether the file is shorter than its own header says, where the format says it."""
    if picture == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if picture == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    return picture == "PNG" and b"IEND" not in data[-16:] and len(data) < 33
