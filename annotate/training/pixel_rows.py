"""Pictures as rows of colours: what a student that reads pixels is given as ``X``.

A row holds 0 to 255, ``side_px`` lines of ``side_px`` pixels of red, green and blue.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import torch
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints, Rows

ROWS_HASHED = 64
ROWS_PER_BLOCK = 4096


def check_pixel_rows(X: Floats | Rows, side_px: int) -> None:
    """Raise ValueError unless ``X`` is (n_rows, 3 * side_px ** 2)."""
    wanted = 3 * side_px**2
    if len(X.shape) != 2 or X.shape[1] != wanted:
        raise ValueError(
            f"X must be (n_rows, {wanted}): pictures of {side_px} x {side_px} colours;"
            f" got shape {tuple(X.shape)}. Resize them first."
        )


def take_colours(X: Floats | Rows, rows: Ints, device: str) -> torch.Tensor:
    """Return the pictures of some rows as colours from 0 to 1, (n, 3, side_px, side_px)."""
    values = read_rows(X, rows)
    side = math.isqrt(values.shape[1] // 3)
    pixels = torch.as_tensor(np.asarray(values, dtype=np.float32), device=device) / 255
    return pixels.reshape(-1, side, side, 3).permute(0, 3, 1, 2).contiguous()


def rows_with_pixels(X: Floats | Rows) -> NDArray[np.intp]:
    """Return the rows that hold a picture: one that could not be opened is a row of NaN."""
    n_rows = X.shape[0]
    found: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    for start in range(0, n_rows, ROWS_PER_BLOCK):
        first_value = read_rows(X, np.arange(start, min(start + ROWS_PER_BLOCK, n_rows)))[:, 0]
        found.append(start + np.flatnonzero(~np.isnan(first_value)))
    return np.concatenate(found)


def rows_sha256(X: Floats | Rows) -> str:
    """Return a hash of the shape and of 64 rows spread over all: enough within one project."""
    rows: NDArray[np.intp] = np.unique(np.linspace(0, X.shape[0] - 1, ROWS_HASHED).astype(np.intp))
    values = read_rows(X, rows)
    digest = hashlib.sha256(str(tuple(X.shape)).encode())
    digest.update(np.ascontiguousarray(values, dtype=np.float32).tobytes())
    return digest.hexdigest()


def read_rows(X: Floats | Rows, rows: Ints) -> Floats:
    """Return some rows of an array, or of one that is read from disk."""
    return X[rows] if isinstance(X, np.ndarray) else X.take(rows)
