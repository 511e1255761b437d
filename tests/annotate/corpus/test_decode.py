"""The canonical picture, against arrays worked out by hand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotate.corpus.decode import load_image
from annotate.corpus.regular_file import RejectedInputError

UPRIGHT = np.random.default_rng(1).integers(0, 256, (6, 4, 3), dtype=np.uint8)

# How a camera held so stores the upright scene (EXIF 2.32, tag 0x0112), written in numpy.
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT, 1),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}


def encode(image: Image.Image, format_: str = "PNG", **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", list(STORED), ids=lambda o: f"row-33-{o}")
def test_every_orientation_comes_out_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    np.testing.assert_array_equal(load_image(encode(stored, exif=exif)), UPRIGHT)


@pytest.mark.parametrize("format_", ["PNG", "TIFF"], ids=lambda f: f"row-24-{f}")
def test_sixteen_bits_are_scaled_over_their_full_range(format_: str) -> None:
    values = np.array([[0, 257, 30_000, 65_535]], dtype=np.uint16)
    loaded = np.asarray(load_image(encode(Image.fromarray(values), format_)))
    expected = np.round(values / 65_535 * 255)
    for channel in range(3):
        np.testing.assert_array_equal(loaded[..., channel], expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA"], ids=lambda m: f"row-30-{m}")
def test_transparency_shows_white_and_never_the_hidden_pixels(mode: str) -> None:
    image = Image.new(mode, (2, 1), (10, 20, 30, 0) if mode == "RGBA" else (10, 0))
    image.putpixel((1, 0), (10, 20, 30, 255) if mode == "RGBA" else (10, 255))
    shown = (10, 20, 30) if mode == "RGBA" else (10, 10, 10)
    assert np.asarray(load_image(encode(image))).tolist() == [[[255, 255, 255], list(shown)]]


def test_row_29_a_transparent_palette_entry_shows_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    loaded = load_image(encode(image, transparency=0))
    assert np.asarray(loaded).tolist() == [[[255, 255, 255], [0, 0, 200]]]


def test_row_22_an_adobe_inverted_cmyk_jpeg_keeps_its_colour() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    data = encode(red, "JPEG", quality=95)
    assert b"Adobe" in data
    assert np.abs(np.asarray(load_image(data)).astype(int) - (255, 0, 0)).max() <= 4


def test_row_36_an_animation_gives_its_first_frame() -> None:
    first, second = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))
    data = encode(first, "GIF", save_all=True, append_images=[second])
    assert load_image(data).getpixel((3, 3)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_every_mode_comes_out_rgb_in_the_same_size(mode: str) -> None:
    image = Image.fromarray(UPRIGHT).convert(mode)
    loaded = load_image(encode(image, "TIFF"))
    assert (loaded.mode, loaded.size) == ("RGB", image.size)


def test_a_path_and_its_bytes_give_the_same_picture(tmp_path: Path) -> None:
    data = encode(Image.fromarray(UPRIGHT))
    (tmp_path / "a.png").write_bytes(data)
    assert load_image(tmp_path / "a.png").tobytes() == load_image(data).tobytes()


def test_a_path_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(Image.fromarray(UPRIGHT)))
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    with pytest.raises(RejectedInputError) as caught:
        load_image(tmp_path / "b.png")
    assert caught.value.code == "symlink"
