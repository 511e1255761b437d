"""Ready-made features: a ``.npy`` matrix, memory-mapped, one row for each row of a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from annotate.errors import SourceError
from annotate.protocols import Ints

BLOCK_BYTES = 16 << 20
MAX_FLOAT16 = 65504.0


class FeatureRows:
    """A float matrix on disk.

    Attributes
    ----------
    shape : (n_rows, dim)
    notes : tuple of str
        ``norm:fortran`` where it is stored column by column.
    """

    def __init__(self, path: Path, array: NDArray[np.floating[Any]]) -> None:
        self.path = path
        self._array = array
        self.shape: tuple[int, int] = (array.shape[0], array.shape[1])
        is_by_column = array.flags.f_contiguous and not array.flags.c_contiguous
        self.notes: tuple[str, ...] = ("norm:fortran",) if is_by_column else ()

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the given rows as float32, in the order given."""
        return np.ascontiguousarray(self._array[rows], dtype=np.float32)

    def blocks(self, start: int = 0) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield (number of the first row, rows) from row ``start`` on.

        Values that float32 cannot hold become infinite; ``row_problems`` names them.
        """
        n_rows, dim = self.shape
        size = max(BLOCK_BYTES // (4 * dim), 1)
        with np.errstate(over="ignore"):
            for first in range(start, n_rows, size):
                yield first, np.ascontiguousarray(self._array[first : first + size], np.float32)


def row_problems(block: NDArray[np.float32]) -> dict[int, str]:
    """Return {row of block: why it cannot be used} for values that float16 cannot hold."""
    largest = np.abs(block).max(axis=1)
    # A NaN fails every comparison, so asking for what is fine finds it too.
    rows = np.flatnonzero(~(largest <= MAX_FLOAT16))
    return {int(row): _problem(float(largest[row])) for row in rows}


def _problem(largest: float) -> str:
    if np.isfinite(largest):
        return f"a feature of size {largest:.4g}; features must stay within {MAX_FLOAT16:,.0f}"
    return "a feature that is NaN or infinite"


def open_feature_rows(path: Path) -> FeatureRows:
    """Check the header of a ``.npy`` file; nothing is ever unpickled.

    Raises
    ------
    SourceError
        Unless it holds a float matrix with a column or more, complete on disk.
    """
    try:
        array = open_memmap(path, mode="r")  # type: ignore[no-untyped-call]
    except (ValueError, OSError) as error:
        raise SourceError(
            f"Features must be a .npy file of floats; {path} cannot be read so ({error})."
            " Save them with `numpy.save(FILE, array.astype('float32'))`."
        ) from error
    if array.dtype.kind != "f" or array.ndim != 2 or array.shape[1] < 1:
        raise SourceError(
            f"Features must be floats of shape (n_rows, dim); {path} is {array.dtype} of shape"
            f" {array.shape}. Reshape or convert it."
        )
    return FeatureRows(path, array)
