"""Pictures for the screen: decoded, made small and encoded anew.

No byte of a file from outside reaches a browser as it was.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from annotate.corpus.decode import load_image

MAX_SIDE_PX = 1024
_LOSSLESS_UP_TO_PX = 256


@dataclass(frozen=True)
class Picture:
    """An encoded picture; ``etag`` changes when, and only when, its bytes would."""

    content: bytes
    media_type: str
    etag: str


def make_picture(data: bytes, sha256: str) -> Picture:
    """Return the picture that a screen shows, at most 1,024 pixels on its longer side.

    Parameters
    ----------
    data : bytes
        An encoded picture of any format that the corpus takes.
    sha256 : str
        Of ``data``.

    Raises
    ------
    OSError, RejectedInputError
        If it does not decode.
    """
    image = load_image(data)
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    if max(image.size) <= _LOSSLESS_UP_TO_PX:  # JPEG would blur what few pixels there are
        image.save(file, "PNG")
        return Picture(file.getvalue(), "image/png", f'"{sha256}-{MAX_SIDE_PX}"')
    image.save(file, "JPEG", quality=88)
    return Picture(file.getvalue(), "image/jpeg", f'"{sha256}-{MAX_SIDE_PX}"')
