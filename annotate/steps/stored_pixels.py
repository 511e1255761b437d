"""The corpus as pictures of one size, made once and kept: for students that train on pixels."""

from __future__ import annotations

from annotate.encoders.raw_pixels import RawPixels
from annotate.protocols import Progress
from annotate.steps.encode_items import encode_items
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray, create_array


def stored_pixels(workspace: Workspace, side_px: int, *, progress: Progress) -> PartedArray:
    """Return (n_items, 3 * side_px ** 2) colours from 0 to 255, NaN where a file has gone.

    float16 holds them exactly, and NaN too: 6 KB a picture of 32 pixels.
    """
    pictures = RawPixels(side_px)
    array = create_array(workspace.store, "pixels", pictures.id, pictures.dim)
    encode_items(workspace, pictures, array, "read pixels", progress)
    return array
