"""Clusters as labels: groups of like pictures, and the heads that tell them apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints

PER_CLASS = 5
PER_CLUSTER = 20  # pictures; of the papers' 500 clusters each has 26 to 33


def choose_n_clusters(n_items: int, n_classes: int) -> int:
    """Return how many clusters are looked for: five a class, fewer where pictures are few.

    Several, as a class has several looks: what splits a class does no harm, but what joins two
    teaches that they are one. Yet each is to have 20 pictures in the mean, or networks would learn
    single pictures by heart. Two at least.
    """
    return max(2, min(n_items // PER_CLUSTER, PER_CLASS * n_classes))


def mean_directions(first: Floats, second: Floats) -> NDArray[np.float32]:
    """Return (n, dim) unit rows: the means of two networks' features, each made a unit before."""
    return unit_rows(unit_rows(first) + unit_rows(second))


def find_clusters(features: Floats, n_clusters: int, random_state: int) -> NDArray[np.int64]:
    """Return (n,) which cluster of k-means each row is in, from 0.

    Parameters
    ----------
    features : float array of shape (n, dim)
        ``n_clusters`` rows or more. If fewer of them differ, some clusters have no row.
    """
    from sklearn.cluster import KMeans

    found = KMeans(n_clusters, n_init=1, random_state=random_state).fit_predict(features)
    return np.asarray(found, dtype=np.int64)


def unit_centroids(features: Floats, clusters: Ints, n_clusters: int) -> NDArray[np.float32]:
    """Return (n_clusters, dim) the mean row of each cluster, of length 1; 0 where it has none.

    Of the labels, not k-means' own: its sums depend on how its threads take turns, and a training
    that goes on must end with the very same weights.
    """
    sums = [features[clusters == number].sum(axis=0) for number in range(n_clusters)]
    return unit_rows(np.stack(sums))


def unit_rows(values: Floats) -> NDArray[np.float32]:
    """Return rows of length 1 in the same direction; rows of zeros stay."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    units: NDArray[np.float32] = (values / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return units
