from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from annotate.encoders.open_clip import OpenClipEncoder
from tests.annotate.encoders.tiny_clip import write_tiny_clip


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory):
    """Folder of a random open_clip model."""
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


@pytest.fixture(scope="session")
def clip_encoder(tiny_clip):
    return OpenClipEncoder(str(tiny_clip))


@pytest.fixture
def photos():
    """Seven noisy pictures of different sizes."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(30, 60, (7, 2))
    return [Image.fromarray(rng.integers(0, 256, (*s, 3), dtype=np.uint8)) for s in sizes]
