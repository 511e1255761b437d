"""Masks as PNG files: what is read, what is refused and why."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotate.corpus.mask_file import UnusableMaskError, mask_as_png, palette, read_mask

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


def test_grey_levels_of_few_bits_are_refused_as_they_are_read_scaled():
    image = Image.new("L", SIZE, 1)
    file = io.BytesIO()
    image.save(file, "PNG", bits=4)
    data = bytearray(file.getvalue())
    data[24] = 4
    with pytest.raises(UnusableMaskError, match="4 bits"):
        read_mask(bytes(data), SIZE, 3)


def test_nothing_in_a_file_makes_reading_fail_in_another_way():
    whole, rng = mask_as_png(MASK), np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(whole)
        broken[rng.integers(8, len(whole))] = rng.integers(256)
        try:
            assert read_mask(bytes(broken[: rng.integers(20, len(whole) + 1)]), SIZE, 3).size == 6
        except UnusableMaskError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no picture", "no PNG that can be read"),
        (as_png(Image.new("RGB", SIZE)), "mode RGB, 8 bits"),
        (as_png(Image.new("L", (2, 3))), "2 x 3 pixels, its picture 3 x 2"),
        (grey([[0, 1, 3], [0, 0, 0]]), "it holds 3, and classes are 0 to 2"),
        (grey([[0, 1, 2]] * 2).replace(b"IHDR", b"IHDX"), "no PNG that can be read"),
        (grey([[255] * 3] * 2), "no pixel of it has a class"),
        (grey([[0, 1, 2]] * 2)[:40], "no PNG that can be read"),
    ],
)
def test_what_is_no_mask_of_the_picture_is_refused(data, why):
    with pytest.raises(UnusableMaskError, match=why):
        read_mask(data, SIZE, 3)
