"""The corpus as pictures of one size, made once and kept: for students that train on pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.encoders.raw_pixels import RawPixels
from annotate.protocols import Ints, Progress, Rows
from annotate.steps.encode_items import encode_items
from annotate.steps.loading import StoredItems
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray, create_array

PICTURES_AT_ONCE = 64


def stored_pixels(workspace: Workspace, side_px: int, *, progress: Progress) -> PartedArray:
    """Return (n_items, 3 * side_px ** 2) colours from 0 to 255, NaN where a file has gone.

    float16 holds them exactly, and NaN too: 6 KB a picture of 32 pixels. A file that could not be
    opened before is tried again.
    """
    pictures = RawPixels(side_px)
    array = create_array(workspace.store, "pixels", pictures.id, pictures.dim)
    encode_items(workspace, pictures, array, "read pixels", progress)
    for part_no in range(-(-array.n_rows // array.part_rows)):
        _fill_gaps(workspace, pictures, array, part_no)
    return array


def _fill_gaps(workspace: Workspace, pictures: RawPixels, array: PartedArray, part_no: int) -> None:
    """Write a part anew if files that were gone are there again."""
    values = array.part(part_no)
    gaps = np.flatnonzero(np.isnan(values[:, 0]))
    if not len(gaps):
        return
    opened = StoredItems(workspace, array.n_rows).take(gaps + part_no * array.part_rows)
    found = [(gap, item) for gap, item in zip(gaps, opened, strict=True) if item is not None]
    if found:
        filled = np.array(values)
        filled[[gap for gap, _ in found]] = pictures.encode([item for _, item in found])
        array.write_part(part_no, filled)


def pictures_of(pixels: Rows, rows: Ints) -> NDArray[np.uint8]:
    """Return (n, side, side, 3) pictures, read in blocks: as numbers they take 4 times as much."""
    side = round((pixels.shape[1] // 3) ** 0.5)
    pictures = np.empty((len(rows), side, side, 3), dtype=np.uint8)
    for start in range(0, len(rows), PICTURES_AT_ONCE):
        block = pixels.take(rows[start : start + PICTURES_AT_ONCE])
        pictures[start : start + len(block)] = block.reshape(len(block), side, side, 3)
    return pictures
