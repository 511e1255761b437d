"""A graph over the items that came as a file of edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from annotate.errors import SourceError
from annotate.protocols import Ints

Graph: TypeAlias = sparse.csr_array


@dataclass(frozen=True)
class Edges:
    """Edges between items, each once, without direction, none from an item to itself.

    Attributes
    ----------
    source, target : int64 arrays of shape (n_edges,)
        The lower item_no and the higher; in order of both.
    weight : float32 array of shape (n_edges,)
        Above 0.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]


def read_edges(path: Path, rows_of: Callable[[Sequence[str]], Ints]) -> Edges:
    """Read the edges that join two items.

    Parameters
    ----------
    path : Path
        CSV or Parquet with the columns source and target, which hold ids, and perhaps weight.
    rows_of : function
        Gives the item_no of each id, -1 where there is none.

    Raises
    ------
    SourceError
        If the file cannot be read, lacks a column, holds a weight that is not above 0, or no edge
        joins two items.
    """
    table = _read_table(path)
    weight = pd.to_numeric(table.get("weight", pd.Series(1.0, table.index)), errors="coerce")
    if not (weight > 0).all():
        row = int(np.flatnonzero(~(weight > 0))[0])
        raise SourceError(
            f"A weight must be a number above 0; row {row + 1} of {path} has"
            f" {table['weight'].iloc[row]!r}. Mend it or leave the edge out."
        )
    source, target = (rows_of(table[name].tolist()) for name in ("source", "target"))
    joins = (source >= 0) & (target >= 0) & (source != target)
    if not joins.any():
        raise SourceError(
            f"An edge must join the ids of two items; none of the {len(table):,} in {path} does."
            " `annotate items list` shows the ids."
        )
    return _without_repeats(source[joins], target[joins], weight.to_numpy()[joins])


def edges_to_graph(edges: Edges, n_items: int) -> Graph:
    """Return the symmetric graph, (n_items, n_items)."""
    ends = np.concatenate([edges.source, edges.target])
    others = np.concatenate([edges.target, edges.source])
    weight = np.concatenate([edges.weight, edges.weight])
    return sparse.csr_array((weight, (ends, others)), shape=(n_items, n_items))


def _read_table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"Edges must come as CSV or Parquet; {path} cannot be read: {error}. Give another file."
        ) from None
    missing = [name for name in ("source", "target") if name not in table.columns]
    if missing:
        raise SourceError(
            f"A file of edges must have the columns source and target; {path} lacks"
            f" {' and '.join(missing)}. Name them in its first line."
        )
    return table.astype({"source": str, "target": str})


def _without_repeats(source: Ints, target: Ints, weight: NDArray[Any]) -> Edges:
    """Keep the heaviest of the edges that join the same two items, whatever their direction."""
    ends = pd.DataFrame(
        {
            "source": np.minimum(source, target),
            "target": np.maximum(source, target),
            "weight": weight.astype(np.float32),
        }
    )
    heaviest = ends.groupby(["source", "target"], as_index=False)["weight"].max()
    return Edges(*(heaviest[name].to_numpy() for name in ("source", "target", "weight")))
