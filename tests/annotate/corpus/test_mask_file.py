"""Masks as PNG files: what is read, what is refused and why."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotate.corpus.mask_file import mask_as_png, palette, read_mask
from annotate.corpus.regular_file import RejectedInputError

MASK = np.array([[0, 1, 2], [-1, 1, 0]])
SIZE = (3, 2)


def as_png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def grey(values):
    return as_png(Image.fromarray(np.array(values, dtype=np.uint8)))


def test_a_mask_comes_back_as_it_was_and_shows_colours():
    png = mask_as_png(MASK)
    np.testing.assert_array_equal(read_mask(png, SIZE, 3), MASK)
    shown = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[1, 0].tolist() == [255, 255, 255]
    assert len({tuple(palette()[3 * k : 3 * k + 3]) for k in range(256)}) > 200


def test_grey_levels_are_class_numbers_and_255_is_unknown():
    np.testing.assert_array_equal(read_mask(grey([[0, 1, 2], [255, 1, 0]]), SIZE, 3), MASK)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no picture", "no PNG that can be read"),
        (as_png(Image.new("RGB", SIZE)), r"mode RGB\) are no class numbers"),
        (as_png(Image.new("L", (2, 3))), "2 x 3 pixels, its picture 3 x 2"),
        (grey([[0, 1, 3], [0, 0, 0]]), "it holds 3, and classes are 0 to 2"),
        (grey([[0, 255, 0], [255, 0, 0]]), "black and white"),
        (grey([[255] * 3] * 2), "no pixel of it has a class"),
        (grey([[0, 1, 2]] * 2)[:40], "no PNG that can be read"),
    ],
)
def test_what_is_no_mask_of_the_picture_is_refused(data, why):
    with pytest.raises(RejectedInputError, match=why):
        read_mask(data, SIZE, 3)
