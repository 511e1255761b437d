"""What turns items into vectors; found by name in ``ENCODERS``."""

from __future__ import annotations

from annotate.registry import Registry

ENCODERS = Registry(
    "encoder",
    {
        "hashing": "annotate.encoders.hashing:HashingEncoder",
        "open_clip": "annotate.encoders.open_clip:OpenClipEncoder",
        "pixels": "annotate.encoders.pixels:PixelsEncoder",
        "sentence": "annotate.encoders.sentence:SentenceEncoder",
    },
)
