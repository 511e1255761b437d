"""Reject what belongs to none of the classes, by its distance to the labelled items."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from annotate.compute.nearest import NEVER, nearest_rows
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates
from annotate.selection.settings import read_share

QUERIES_PER_BLOCK = 4_096
# Of the smallest labelled class: more neighbours than it has items would reach into others.
SHARE_OF_CLASS = 0.03


class Novelty:
    """Accept an item unless it lies farther from the labelled ones than these from each other.

    The distance of an item is that to the k-th nearest labelled one, Euclidean between features of
    length 1, where k is 3 % of the smallest labelled class and at least 1. The limit is the
    distance that a share of the labelled items do not exceed, each measured to the others.

    Labels that only measure set no limit. An item without features is rejected.

    Parameters
    ----------
    share : float or str
        0 to 1, of the labelled items; registered as ``novelty:0.95``.

    References
    ----------
    The distance and the share of 95 % are those of Sun et al. 2022, "Out-of-Distribution Detection
    with Deep Nearest Neighbors", arXiv:2204.06507, which Miyai et al. 2023, arXiv:2310.00847, take
    for features of pretrained networks. Differs in that k follows the number of labels, and in that
    labels left out in turn set the limit.
    """

    def __init__(self, share: float | str = 0.95) -> None:
        self.share = read_share(share, "The share of labelled items within the limit")
        self.name = f"novelty:{self.share:g}"
        self.needs: frozenset[Need] = frozenset({"features"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far.

        Raises
        ------
        NotReadyError
            If the context has no features, or fewer than two labelled items with features.
        """
        found = find_candidates(proba, context)
        if context.features is None:
            raise NotReadyError(
                f"The selector {self.name} needs features; there are none."
                " Run `annotate embed` first."
            )
        labelled, labels = _labelled_features(context.features, context)
        if len(labels) < 2:
            raise NotReadyError(
                f"The selector {self.name} needs two labelled items with features; got"
                f" {len(labels)}. Run `annotate review`, or `annotate labels import`."
            )
        k = neighbours_to_count(labels)
        limit = np.quantile(distances_within(labelled, k), self.share, method="inverted_cdf")
        distances = np.empty(len(found.rows), dtype=np.float32)
        for block in _blocks(len(distances)):
            distances[block] = kth_distances(context.features.take(found.rows[block]), labelled, k)
        accepted = distances <= limit
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=np.where(np.isnan(distances), 2, ~accepted).astype(np.int8),
            reason_names=(
                "accepted",
                f"unknown: farther from every class than {100 * self.share:g}% of the labels",
                "no features to tell whether it is unknown",
            ),
        )


def neighbours_to_count(labels: Ints) -> int:
    """Return 3 % of the items of the smallest class that has any, at least 1."""
    sizes = np.bincount(labels)
    return max(1, int(SHARE_OF_CLASS * sizes[sizes > 0].min()))


def kth_distances(queries: Floats, labelled: Floats, k: int) -> NDArray[np.float32]:
    """Return the distance of each query to the k-th nearest labelled item.

    Parameters
    ----------
    queries : float array of shape (n_queries, dim)
    labelled : float array of shape (n_labelled, dim)
    k : int
        1 to n_labelled.

    Returns
    -------
    float32 array of shape (n_queries,)
        0 to 2, between rows at length 1; NaN for a query without features.
    """
    _, cosines = nearest_rows(queries, labelled, k)
    return _distance(cosines[:, -1])


def distances_within(labelled: Floats, k: int) -> NDArray[np.float32]:
    """Return the distance of each labelled item to the k-th nearest other one.

    Parameters
    ----------
    labelled : float array of shape (n_labelled, dim)
        Without rows of NaN.
    k : int
        1 to n_labelled - 1.

    Returns
    -------
    float32 array of shape (n_labelled,)
        0 to 2, between rows at length 1.
    """
    distances = np.empty(len(labelled), dtype=np.float32)
    for block in _blocks(len(labelled)):
        nearest, cosines = nearest_rows(labelled[block], labelled, k + 1)
        # Known by its row, not by its place: copies of an item may stand before it.
        own = np.arange(block.start, block.stop)[:, None]
        is_ahead = (nearest[:, :k] == own).any(axis=1)
        distances[block] = _distance(np.where(is_ahead, cosines[:, k], cosines[:, k - 1]))
    return distances


def _labelled_features(
    features: Rows, context: SelectionContext
) -> tuple[NDArray[np.float32], Ints]:
    """Return features and labels of the items that may teach and have features."""
    rows = np.flatnonzero(context.teaching != NO_LABEL)
    values = features.take(rows)
    usable = np.isfinite(values).all(axis=1)
    return values[usable], context.teaching[rows[usable]]


def _distance(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the distance between rows of length 1; NaN for a cosine that marks no row."""
    squared = np.where(cosines > NEVER, np.maximum(2 - 2 * cosines, 0), np.nan)
    return np.sqrt(squared).astype(np.float32)


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, QUERIES_PER_BLOCK):
        yield slice(start, min(start + QUERIES_PER_BLOCK, n_rows))
