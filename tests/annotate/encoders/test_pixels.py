from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from annotate.encoders.pixels import PixelsEncoder
from annotate.protocols import Encoder


def test_it_is_an_encoder():
    assert isinstance(PixelsEncoder(), Encoder)


def test_features_are_the_centred_pixels_of_a_small_image(rng):
    colours = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    centred = colours.reshape(-1) / 255 - colours.mean() / 255
    features = PixelsEncoder().encode([Image.fromarray(colours)])
    np.testing.assert_allclose(features[0], centred / np.linalg.norm(centred), atol=1e-6)


def test_brightness_does_not_matter(rng):
    dark = rng.integers(0, 100, (16, 16, 3), dtype=np.uint8)
    one, other = PixelsEncoder().encode([Image.fromarray(dark), Image.fromarray(dark + 50)])
    assert one @ other == pytest.approx(1, abs=1e-5)


def test_an_image_of_one_colour_gives_zeros():
    features = PixelsEncoder().encode([Image.new("RGB", (40, 50), (9, 200, 3))] * 2)
    assert np.isfinite(features).all()
    features = PixelsEncoder().encode([Image.new("L", (40, 50), 77)])
    assert not features.any()
