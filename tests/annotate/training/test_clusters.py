"""Clusters as labels: how many, which, and the centroids that heads begin as."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.training.clusters import (
    choose_n_clusters,
    find_clusters,
    mean_directions,
    unit_centroids,
    unit_rows,
)


@pytest.mark.parametrize(
    ("n_items", "n_classes", "expected"),
    [(50_000, 10, 50), (400, 10, 20), (90, 3, 4), (12, 2, 2), (1000, 2, 10)],
)
def test_there_are_five_clusters_a_class_but_none_of_less_than_20_pictures(
    n_items, n_classes, expected
):
    assert choose_n_clusters(n_items, n_classes) == expected


def test_rows_of_length_1_point_where_they_did_and_zeros_stay():
    found = unit_rows(np.array([[3.0, 4.0], [0.0, 0.5], [0.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 1], [0, 0]], atol=1e-7)


def test_the_mean_direction_lies_midway_whichever_network_has_larger_features():
    first, second = np.array([[9.0, 0.0], [0.0, 2.0]]), np.array([[0.0, 0.1], [0.0, 7.0]])
    midway = np.sqrt(0.5)
    np.testing.assert_allclose(mean_directions(first, second), [[midway, midway], [0, 1]])


def test_groups_that_lie_apart_are_the_clusters(rng):
    group = rng.permutation(np.arange(60) % 3)
    features = np.eye(3)[group] + rng.normal(0, 0.01, (60, 3))
    found = find_clusters(features, 3, random_state=5)
    assert len(set(zip(group.tolist(), found.tolist(), strict=True))) == 3
    assert set(found) == {0, 1, 2}
    assert find_clusters(features, 3, random_state=5).tolist() == found.tolist()


def test_a_centroid_is_the_direction_of_its_clusters_mean(rng):
    features, clusters = rng.random((20, 4)), np.arange(20) % 3
    for number, centroid in enumerate(unit_centroids(features, clusters, 3)):
        members = [row for row, of in zip(features, clusters, strict=True) if of == number]
        mean = sum(members) / len(members)
        np.testing.assert_allclose(centroid, mean / np.sqrt((mean**2).sum()), atol=1e-6)


def test_a_cluster_without_rows_has_a_centroid_of_zeros():
    found = unit_centroids(np.array([[2.0, 0.0], [1.0, 0.0]]), np.array([0, 2]), 3)
    assert found.tolist() == [[1, 0], [0, 0], [1, 0]]
