"""Pictures for the screen: decoded, made small and encoded anew.

No byte of a file from outside reaches a browser as it was.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from annotate.corpus.decode import load_image

MAX_SIDE_PX = 1024
THUMBNAIL_PX = 256
_LOSSLESS_UP_TO_PX = 128


@dataclass(frozen=True)
class Picture:
    """An encoded picture; ``etag`` changes when, and only when, its bytes would."""

    content: bytes
    media_type: str
    etag: str


def make_picture(data: bytes, sha256: str, max_side_px: int = MAX_SIDE_PX) -> Picture:
    """Return the picture that a screen shows, made smaller where it is larger than that.

    Parameters
    ----------
    data : bytes
        An encoded picture of any format that the corpus takes.
    sha256 : str
        Of ``data``.
    max_side_px : int
        Of the longer side.

    Raises
    ------
    OSError, RejectedInputError
        If it does not decode.
    """
    image = load_image(data)
    image.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    etag = f'"{sha256}-{max_side_px}"'
    if max(image.size) <= _LOSSLESS_UP_TO_PX:  # JPEG would blur what few pixels there are
        image.save(file, "PNG")
        return Picture(file.getvalue(), "image/png", etag)
    image.save(file, "JPEG", quality=88)
    return Picture(file.getvalue(), "image/jpeg", etag)
