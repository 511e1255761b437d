"""The demo's corpus: the 1,797 handwritten digits that come with scikit-learn, as PNG files.

The demo and the evaluation of its checkpoint both write digits here, so both see the same pixels.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from annotate.schema import ClassSpec

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
IMAGE_SIZE_PX = 32
MAX_INK = 16  # each of the 8 x 8 cells counts the ink in a 4 x 4 block of a 32 x 32 bitmap


def digit_classes() -> tuple[ClassSpec, ...]:
    """Return the classes "0" to "9" with the prompts the demo's teacher uses."""
    return tuple(
        ClassSpec(
            class_no=digit,
            name=str(digit),
            prompts=(f'a photo of the digit "{digit}".', f"a photo of the number {word}."),
            description=f"the handwritten digit {word}",
        )
        for digit, word in enumerate(DIGIT_WORDS)
    )


def upscale_digit(ink: NDArray[np.integer]) -> Image.Image:
    """Return a grey 32 x 32 image, ink white, of an (8, 8) array of 0 to 16."""
    grey = np.round(ink * (255 / MAX_INK)).astype(np.uint8)
    return Image.fromarray(grey).resize((IMAGE_SIZE_PX, IMAGE_SIZE_PX), Image.Resampling.BILINEAR)


def write_digit_images(folder: Path, limit: int | None = None) -> Path:
    """Write ``images/digit-0000.png`` ... and ``truth.csv`` under ``folder``.

    Parameters
    ----------
    folder : Path
        Made when missing.
    limit : int, optional
        Write only the first ``limit`` digits.

    Returns
    -------
    Path
        ``truth.csv`` with the columns id (the file's name) and label ("0" to "9"). It lies beside
        the folder of images, so that adding the images never reads the truth.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (ink, label) in enumerate(
        zip(digits.images[:limit], digits.target[:limit], strict=True)
    ):
        name = f"digit-{number:04d}.png"
        upscale_digit(ink).save(images / name)
        rows.append((name, str(label)))
    truth = folder / "truth.csv"
    with truth.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "label"), *rows])
    return truth
