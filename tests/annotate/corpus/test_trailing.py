from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotate.corpus.trailing import has_trailing_data

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8))


def encode(format_: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    NOISE.save(buffer, format_, **settings)
    return buffer.getvalue()


KINDS = {
    "jpeg": ("JPEG", encode("JPEG")),
    "progressive": ("JPEG", encode("JPEG", progressive=True, quality=95)),
    "thumbnail": ("JPEG", encode("JPEG", exif=b"Exif\0\0" + encode("JPEG", quality=5))),
    "png": ("PNG", encode("PNG")),
    "webp": ("WEBP", encode("WEBP")),
}


@pytest.mark.parametrize(("picture", "data"), KINDS.values(), ids=KINDS)
def test_only_what_follows_the_end_counts(picture: str, data: bytes) -> None:
    assert not has_trailing_data(data, picture)
    assert not has_trailing_data(data + bytes(64), picture)
    assert has_trailing_data(data + b"<script>", picture)
    assert has_trailing_data(data + data, picture)
