"""Pictures as an encoder's image tower takes them, prepared as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints, Items


class PreparedPictures:
    """Rows of prepared pixels, NaN for a picture that cannot be opened; meets ``protocols.Rows``.

    Parameters
    ----------
    items : Items
    chosen : int array of shape (n_rows,)
        Which of them the rows are.
    prepare : function
        Of pictures to (n, ...) floats.
    n_columns : int
        Numbers of a picture.
    """

    def __init__(
        self,
        items: Items,
        chosen: Ints,
        prepare: Callable[[Sequence[Any]], NDArray[np.float32]],
        n_columns: int,
    ) -> None:
        self.shape = (len(chosen), n_columns)
        self._items, self._chosen, self._prepare = items, chosen, prepare

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the given rows."""
        opened = self._items.take(self._chosen[rows])
        values = np.full((len(rows), self.shape[1]), np.nan, dtype=np.float32)
        there = [place for place, item in enumerate(opened) if item is not None]
        if there:
            pictures = [opened[place] for place in there]
            values[there] = self._prepare(pictures).reshape(len(there), -1)
        return values

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows start to stop - 1."""
        return self.take(np.arange(start, stop))
