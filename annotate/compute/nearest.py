"""Nearest neighbours by cosine, exact, in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from annotate.compute.device import choose_device
from annotate.protocols import Floats, Ints, Progress, Rows, no_progress

if TYPE_CHECKING:
    import torch

QUERIES_PER_BLOCK = 4_096
ROWS_PER_BLOCK = 16_384
# Below every cosine: rows without features, and the item itself.
NEVER = -2.0


def nearest_neighbours(
    features: Rows,
    k: int,
    *,
    progress: Progress = no_progress,
    device: str = "auto",
) -> NDArray[np.int32]:
    """Return each item's ``k`` nearest other items by cosine.

    Every pair is compared, so the time grows with the square of the corpus; memory does not grow
    but for the result. 100,000 items of 512 dimensions take a few minutes on two cores, and
    1,000,000 take hours there and minutes on a GPU.

    Parameters
    ----------
    features : Rows of shape (n_items, dim)
        Need not be normalised. A row of NaN has no features.
    k : int
        1 or more.
    progress : Progress
        Told the number of items done.
    device : str
        ``auto`` is CUDA where there is one, else the CPU.

    Returns
    -------
    int32 array of shape (n_items, k)
        Nearest first; equal cosines keep item order. An item is not its own neighbour, unless
        fewer than k others have features, or it has none itself: then it fills the places left.
    """
    if k < 1:
        raise ValueError(f"k must be 1 or more; got {k}.")
    n_items = features.shape[0]
    found = np.empty((n_items, k), dtype=np.int32)
    device = choose_device(device)
    for start in range(0, n_items, QUERIES_PER_BLOCK):
        queries = features.read(start, min(start + QUERIES_PER_BLOCK, n_items))
        own = np.arange(start, start + len(queries))
        rows, cosines = _search(queries, features, k, device, first_own_row=start)
        found[own] = np.where(cosines > NEVER, rows, own[:, None])
        progress(start + len(queries), n_items, "neighbours")
    return found


def nearest_rows(
    queries: Floats, base: Floats, k: int, *, device: str = "auto"
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the ``k`` rows of ``base`` nearest to each query by cosine, and the cosines.

    Parameters
    ----------
    queries : float array of shape (n_queries, dim)
        A row of NaN finds nothing.
    base : float array of shape (n_rows, dim)
    k : int
        1 to n_rows.

    Returns
    -------
    int64 and float32 arrays of shape (n_queries, k)
        Nearest first; equal cosines keep row order. A cosine of -2 marks a place for which no row
        was left.
    """
    if not 1 <= k <= len(base):
        raise ValueError(f"k must be 1 to {len(base)}, the number of rows; got {k}.")
    return _search(queries, _InMemory(base), k, choose_device(device), first_own_row=None)


class _InMemory:
    """An array as ``Rows``."""

    def __init__(self, values: Floats) -> None:
        self._values = values

    @property
    def shape(self) -> tuple[int, int]:
        return len(self._values), self._values.shape[1]

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        return np.asarray(self._values[start:stop], dtype=np.float32)

    def take(self, rows: Ints) -> NDArray[np.float32]:
        return np.asarray(self._values[rows], dtype=np.float32)


def _search(
    queries: Floats, base: Rows, k: int, device: str, first_own_row: int | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the best ``k`` for one block of queries, merging block after block of the base."""
    import torch

    unit_queries, answered = _unit(queries, device)
    best = torch.full((len(queries), k), NEVER, device=device)
    rows = torch.zeros((len(queries), k), dtype=torch.int64, device=device)
    for start in range(0, base.shape[0], ROWS_PER_BLOCK):
        unit, has_features = _unit(
            base.read(start, min(start + ROWS_PER_BLOCK, base.shape[0])), device
        )
        cosines = unit_queries @ unit.T
        cosines[:, ~has_features] = NEVER
        if first_own_row is not None:
            _hide_diagonal(cosines, first_own_row - start)
        values, columns = _top(cosines, min(k, cosines.shape[1]))
        # Earlier rows stand first, so that a stable choice keeps row order among equals.
        values = torch.cat([best, values], dim=1)
        candidates = torch.cat([rows, columns + start], dim=1)
        best, order = values.sort(dim=1, descending=True, stable=True)
        best, rows = best[:, :k], candidates.gather(1, order[:, :k])
    best[~answered] = NEVER
    return rows.cpu().numpy(), best.cpu().numpy()


def _unit(vectors: Floats, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows at length 1 (zeros where they hold NaN), and which rows hold features."""
    import torch

    rows = torch.as_tensor(np.asarray(vectors, dtype=np.float32), device=device)
    has_features = torch.isfinite(rows).all(dim=1)
    rows = torch.where(has_features[:, None], rows, 0)
    return torch.nn.functional.normalize(rows, dim=1), has_features


def _hide_diagonal(cosines: torch.Tensor, offset: int) -> None:
    """Make each query's own column, ``offset`` further than its row, the least of all."""
    import torch

    column = torch.arange(len(cosines), device=cosines.device) + offset
    inside = torch.nonzero((column >= 0) & (column < cosines.shape[1]))[:, 0]
    cosines[inside, column[inside]] = NEVER


def _top(cosines: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ``k`` largest of each row, largest first; equal ones in column order."""
    import torch

    n_columns = cosines.shape[1]
    values, columns = cosines.topk(min(k + 1, n_columns), dim=1)
    # topk chooses freely among equals. Where more than k share the last place, choose again.
    tied = torch.zeros(len(cosines), dtype=torch.bool, device=cosines.device)
    if n_columns > k:
        tied = values[:, k - 1] == values[:, k]
    values, columns = values[:, :k], columns[:, :k]
    if tied.any():
        redone = cosines[tied].sort(dim=1, descending=True, stable=True)
        values[tied], columns[tied] = redone.values[:, :k], redone.indices[:, :k]
    columns, order = columns.sort(dim=1)
    values, by_value = values.gather(1, order).sort(dim=1, descending=True, stable=True)
    return values, columns.gather(1, by_value)
