"""Labels spread along the edges of a graph from the items that have one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annotate.checks import check_labels
from annotate.compute.edge_list import Graph, edges_to_graph, read_edges
from annotate.protocols import NO_LABEL, CorpusView, Floats, Ints
from annotate.quality.calibration import apply_temperature, temperature_for_confidence
from annotate.teachers.labelled import labelled_rows

N_NEIGHBOURS = 10
ALPHA = 0.99
# Together they bound the memory: a few arrays of (n_items, this many) at a time.
CLASSES_PER_BLOCK = 16
TOLERANCE = 1e-4
MOST_STEPS = 200


class Propagation:
    """Every item takes on what its neighbours in a graph have, back to the labels people gave.

    Parameters
    ----------
    edges : str or Path, optional
        A CSV or Parquet file of edges, columns ``source`` and ``target`` with item ids and, if they
        differ, ``weight``; registered as ``propagation:EDGES.csv``. By default the graph joins each
        item with the 10 nearest by its features. Edges have no direction.

    References
    ----------
    Zhou et al. 2003, "Learning with local and global consistency". Differs in that a temperature,
    from labels that were left out, makes confidence mean something.
    """

    name = "propagation"
    learns_from_labels = True

    def __init__(self, edges: str | Path | None = None) -> None:
        self._edges_file = edges
        self._edges: dict[str, NDArray[Any]] = {}

    def fit(self, view: CorpusView) -> None:
        """Spread the labels over the whole graph.

        Raises
        ------
        ConfigError
            If the task is multi-label.
        NotReadyError
            If fewer than two classes have labels.
        SourceError
            If the file of edges cannot be used.
        """
        self._labelled = labelled_rows(view, self.name)
        self._labels = view.labels[self._labelled]
        graph = self._graph(view)
        self._reach = propagate_labels(graph, view.labels, view.schema.n_classes)
        self._temperature = held_out_temperature(graph, view.labels, view.schema.n_classes)

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where no path leads to a label."""
        return apply_temperature(self._reach[rows], self._temperature)

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the labels, where they are, and the edges of a given graph."""
        return {"rows": self._labelled, "labels": self._labels, **self._edges}

    def _graph(self, view: CorpusView) -> Graph:
        if self._edges_file is None:
            return neighbour_graph(view.neighbours(min(N_NEIGHBOURS, view.n_items - 1)))
        edges = read_edges(Path(self._edges_file), view.rows_of)
        self._edges = {"source": edges.source, "target": edges.target, "weight": edges.weight}
        return edges_to_graph(edges, view.n_items)


def neighbour_graph(neighbours: Ints) -> Graph:
    """Return the graph that joins two items if either is among the other's nearest.

    Parameters
    ----------
    neighbours : int array of shape (n_items, k)
        Nearest other items; an item among its own stands for nothing.

    Returns
    -------
    sparse array of shape (n_items, n_items)
        Symmetric, 1 for an edge, nothing on the diagonal.
    """
    n_items, k = neighbours.shape
    ones = np.ones(n_items * k, dtype=np.float32)
    # 32-bit positions where they reach: a product with the graph waits for memory.
    position = np.int32 if n_items * k < 2**31 else np.int64
    starts = np.arange(0, n_items * k + 1, k, dtype=position)
    directed = sparse.csr_array((ones, neighbours.ravel(), starts), shape=(n_items, n_items))
    directed.setdiag(0)
    graph = directed.maximum(directed.T).tocsr()
    graph.eliminate_zeros()
    return graph


def propagate_labels(
    graph: Graph, labels: Ints, n_classes: int, alpha: float = ALPHA
) -> NDArray[np.float32]:
    """Return how far the labels of each class reach each item.

    Parameters
    ----------
    graph : sparse array of shape (n_items, n_items)
        Symmetric weights, 0 or more.
    labels : int array of shape (n_items,)
        -1 = none.
    n_classes : int
        Columns of the result.
    alpha : float
        0 to below 1: what an item takes from its neighbours rather than from its own label.

    Returns
    -------
    float32 array of shape (n_items, n_classes)
        Rows sum to 1; a row of NaN where no path leads to a label.

    References
    ----------
    Zhou et al. 2003, the closed form F = (I - alpha S)^-1 Y with S = D^-1/2 W D^-1/2. Differs in
    that rows are scaled to sum to 1, and that the system is solved by conjugate gradients to a
    relative residual of 1e-4 a class.
    """
    n_items = graph.shape[0]
    check_labels(labels, n_items, n_classes)
    if not 0 <= alpha < 1:
        raise ValueError(f"alpha must be 0 to below 1; got {alpha}.")
    spread = np.float32(alpha) * symmetric_normalized(graph)
    reach = np.zeros((n_items, n_classes), dtype=np.float32)
    labelled = np.flatnonzero(labels != NO_LABEL)
    for first in range(0, n_classes, CLASSES_PER_BLOCK):
        block = slice(first, min(first + CLASSES_PER_BLOCK, n_classes))
        seeds = np.zeros((n_items, block.stop - first), dtype=np.float32)
        here = labelled[(labels[labelled] >= first) & (labels[labelled] < block.stop)]
        seeds[here, labels[here] - first] = 1
        reach[:, block] = np.maximum(solve_spread(spread, seeds), 0)
    total = reach.sum(axis=1, keepdims=True)
    np.divide(reach, total, out=reach, where=total > 0)
    # Conjugate gradients leave exact zeros where nothing arrives: the parts without any label.
    reach[total[:, 0] == 0] = np.nan
    return reach


def held_out_temperature(graph: Graph, labels: Ints, n_classes: int) -> float:
    """Return the temperature that makes confidence as high as labels that were left out are right.

    What labels reach is nearly the same for all classes, however sure the likeliest one is. Every
    other label of each class is left out and found by the rest. With one label a class there is
    nothing to leave out, and the temperature is 1.

    Parameters
    ----------
    graph, labels, n_classes
        As ``propagate_labels`` takes them.
    """
    held_out = every_other_label(labels)
    reach = propagate_labels(graph, np.where(held_out, NO_LABEL, labels), n_classes)[held_out]
    answered = ~np.isnan(reach[:, 0])
    if not answered.any():
        return 1.0
    right = reach[answered].argmax(axis=1) == labels[held_out][answered]
    # One more of each kind, so that a few right ones do not make it certain.
    share = (right.sum() + 1) / (len(right) + 2)
    return temperature_for_confidence(reach[answered], float(share))


def every_other_label(labels: Ints) -> NDArray[np.bool_]:
    """Return (n_items,) True for the second, fourth, ... label of each class."""
    held_out = np.zeros(len(labels), dtype=bool)
    labelled = np.flatnonzero(labels != NO_LABEL)
    by_class = labelled[np.argsort(labels[labelled], kind="stable")]
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    place = np.arange(len(by_class)) - np.repeat(starts, counts)
    held_out[by_class[place % 2 == 1]] = True
    return held_out


def symmetric_normalized(graph: Graph) -> Graph:
    """Return D^-1/2 W D^-1/2; an item without edges keeps its empty row."""
    degree = np.asarray(graph.sum(axis=1)).ravel()
    scale = np.where(degree > 0, 1 / np.sqrt(np.where(degree > 0, degree, 1)), 0)
    scaled = sparse.diags_array(scale) @ graph @ sparse.diags_array(scale)
    return scaled.astype(np.float32).tocsr()


def solve_spread(spread: Graph, seeds: Floats) -> NDArray[np.float32]:
    """Return X with (I - spread) X = seeds, all columns at once by conjugate gradients.

    Each column has its own step lengths; a column that has come to its end stands still.

    Parameters
    ----------
    spread : sparse array of shape (n, n)
        Symmetric, its eigenvalues below 1.
    seeds : float array of shape (n, n_columns)
    """
    found = np.zeros_like(seeds, dtype=np.float32)
    rest = seeds.astype(np.float32)
    direction = rest.copy()
    size = np.einsum("ij,ij->j", rest, rest, dtype=np.float64)
    enough = TOLERANCE**2 * size
    for _ in range(MOST_STEPS):
        if (size <= enough).all():
            break
        moved = direction - spread @ direction
        along = np.einsum("ij,ij->j", direction, moved, dtype=np.float64)
        step = _ratio(size, along, size > enough).astype(np.float32)
        found += step * direction
        rest -= step * moved
        size_now = np.einsum("ij,ij->j", rest, rest, dtype=np.float64)
        turn = _ratio(size_now, size, size > enough).astype(np.float32)
        direction *= turn
        direction += rest
        size = size_now
    return found


def _ratio(over: Floats, under: Floats, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return over / under, 0 elsewhere."""
    return np.divide(over, under, out=np.zeros_like(over), where=where & (under > 0))
