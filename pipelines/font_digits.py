"""Digits drawn from fonts, put through the same squeeze as scanned ones: 8 x 8 cells of ink."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from pipelines.demo_digits import MAX_INK

CANVAS_PX = 64
FONT_SIZE_PX = 40
BITMAP_PX = 32


def list_digit_fonts(folder: Path) -> list[Path]:
    """Return the fonts under ``folder`` that draw ten different digits, sorted by path."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf"))
    return [path for path in files if _draws_ten_digits(path)]


def render_digits(
    fonts: list[Path], n_digits: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return ``n_digits`` distorted digits and what each one is.

    Classes are equally frequent and fonts are drawn at random. Each digit gets its own stroke
    width, rotation, shear, warp, proportions and noise.

    Returns
    -------
    uint8 array of shape (n_digits, 8, 8)
        Ink, 0 to 16, in the manner of the UCI optical digits.
    int array of shape (n_digits,)
        The digit, 0 to 9.
    """
    loaded = [ImageFont.truetype(str(path), FONT_SIZE_PX) for path in fonts]
    labels = np.arange(n_digits) % 10
    ink = [render_digit(loaded[rng.integers(len(loaded))], str(d), rng) for d in labels]
    return np.stack(ink), labels


def render_digit(
    font: ImageFont.FreeTypeFont, digit: str, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return one distorted digit as (8, 8) cells of ink, 0 to 16."""
    canvas = Image.new("L", (CANVAS_PX, CANVAS_PX))
    ImageDraw.Draw(canvas).text(
        (CANVAS_PX / 2, CANVAS_PX / 2),
        digit,
        fill=255,
        font=font,
        anchor="mm",
        stroke_width=float(rng.uniform(0, 1.8)),
    )
    warped = _warp(np.asarray(canvas, dtype=np.float32) / np.float32(255), rng)
    fitted = _fit(warped / warped.max(), rng)
    # Relative to the darkest pixel, or the thinnest fonts would leave an empty bitmap.
    bitmap = fitted > rng.uniform(0.3, 0.6) * fitted.max()
    cells = bitmap.reshape(8, 4, 8, 4).sum(axis=(1, 3))
    noisy = cells + rng.normal(0, 0.7, cells.shape) * (cells > 0)
    return np.clip(np.round(noisy), 0, MAX_INK).astype(np.uint8)


def _draws_ten_digits(path: Path) -> bool:
    font = ImageFont.truetype(str(path), FONT_SIZE_PX)
    masks = {bytes(font.getmask(str(digit))) for digit in range(10)}
    return len(masks) == 10


def _warp(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Rotate, shear and bend about the centre, as a hand would."""
    angle, shear = np.radians(rng.normal(0, 8)), rng.normal(0, 0.2)
    rotate = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotate @ np.array([[1.0, 0.0], [shear, 1.0]])
    grid = np.indices(image.shape).reshape(2, -1) - (CANVAS_PX - 1) / 2
    bend = ndimage.gaussian_filter(rng.normal(0, 1, (2, *image.shape)), sigma=(0, 7, 7))
    bend *= rng.uniform(0, 3.5) / bend.std()
    source = matrix @ grid + (CANVAS_PX - 1) / 2 + bend.reshape(2, -1)
    return ndimage.map_coordinates(image, source, order=1).reshape(image.shape)


def _fit(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Cut out the ink and fit it into the bitmap at random proportions, centred with a jitter."""
    rows, columns = np.nonzero(image > 0.3)
    cut = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height = int(rng.integers(27, BITMAP_PX + 1))
    width = round(height * cut.shape[1] / cut.shape[0] * rng.uniform(0.8, 1.3))
    width = int(np.clip(width, 4, BITMAP_PX))
    resized = Image.fromarray(cut).resize((width, height), Image.Resampling.BILINEAR)
    top = int(rng.integers(BITMAP_PX - height + 1))
    spare = BITMAP_PX - width
    left = int(np.clip(round(spare / 2 + rng.normal(0, 1.5)), 0, spare))
    fitted = np.zeros((BITMAP_PX, BITMAP_PX), dtype=np.float32)
    fitted[top : top + height, left : left + width] = np.asarray(resized)
    return fitted
