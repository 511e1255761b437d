"""Made-up corpora of any size: what they hold does not matter, how much of it does."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

BLOCK_ROWS = 65_536


def write_texts(path: Path, n_rows: int, seed: int = 0) -> None:
    """Write a CSV of ids and texts of 5 to 60 words, about 230 bytes each."""
    rng = np.random.default_rng(seed)
    words = ["".join(letters) for letters in rng.choice(list("etaoinshrdlu"), size=(5000, 6))]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for start in range(0, n_rows, BLOCK_ROWS):
            n = min(BLOCK_ROWS, n_rows - start)
            lengths = rng.integers(5, 61, size=n)
            drawn = rng.integers(len(words), size=lengths.sum())
            for row, places in enumerate(np.split(drawn, np.cumsum(lengths)[:-1]), start):
                writer.writerow([f"t{row:08d}", " ".join([words[place] for place in places])])


def write_photos(folder: Path, n_photos: int, side_px: int = 640, seed: int = 0) -> None:
    """Write JPEG files with the size and about the detail of small photographs."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    height = side_px * 3 // 4
    for number in range(n_photos):
        coarse = rng.integers(0, 256, size=(12, 16, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((side_px, height), Image.Resampling.BICUBIC)
        grain = rng.integers(-12, 13, size=(height, side_px, 1))
        pixels = np.clip(np.asarray(smooth, dtype=np.int16) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:06d}.jpg", quality=90)


def write_features(
    folder: Path, n_items: int, dim: int, n_classes: int, *, every: int, seed: int = 0
) -> tuple[Path, Path]:
    """Write features around class centres, and a table that labels one row in ``every``.

    Returns
    -------
    tuple of Path
        The table and the ``.npy`` file in float16.
    """
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n_classes, dim), dtype=np.float32)
    table, features = folder / "items.csv", folder / "features.npy"
    values = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        features, "w+", np.float16, (n_items, dim)
    )
    with table.open("w") as file:
        file.write("id,label\n")
        for start in range(0, n_items, BLOCK_ROWS):
            classes = rng.integers(n_classes, size=min(BLOCK_ROWS, n_items - start))
            noise = rng.standard_normal((len(classes), dim), dtype=np.float32)
            values[start : start + len(classes)] = centres[classes] + 1.5 * noise
            file.writelines(
                f"i{row:08d},{f'c{class_no}' if row % every == 0 else ''}\n"
                for row, class_no in enumerate(classes, start)
            )
    values.flush()
    return table, features
