"""What arrays are called, and how they are read; how progress is told."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

NO_LABEL = -1


class Progress(Protocol):
    """Told how far a long step is; ``total`` is None where it is not known."""

    def __call__(self, done: int, total: int | None, what: str) -> None: ...


def no_progress(done: int, total: int | None, what: str) -> None:
    """Ignore progress: the default where nobody watches."""


class Rows(Protocol):
    """A two-dimensional array on disk, read as float32 blocks so that it need not fit in memory."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows start to stop - 1."""
        ...

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the given rows, in the order given."""
        ...


class Items(Protocol):
    """Pictures or texts as they are, opened as they are asked for."""

    def __len__(self) -> int: ...

    def take(self, rows: Ints) -> list[Any]:
        """Return RGB PIL images or texts in the order asked for, None for what cannot be opened."""
        ...
