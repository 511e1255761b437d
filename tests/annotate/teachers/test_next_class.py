from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from annotate.teachers.next_class import distance_to_locus, next_class


@pytest.fixture
def parents(rng):
    """The node above each of 40 nodes; node 0 is the root."""
    return [0, *(int(rng.integers(n)) for n in range(1, 40))]


def way_up(parents, node):
    way = [node]
    while node:
        node = parents[node]
        way.append(node)
    return way


def path(parents, one, other):
    """The nodes from one to other: both ways up, as far as they are not the same."""
    up, up_too = way_up(parents, one), way_up(parents, other)
    top = next(node for node in up if node in up_too)
    return [*up[: up.index(top) + 1], *up_too[: up_too.index(top)]]


def distances_of(parents):
    return np.array([[len(path(parents, a, b)) - 1 for b in range(40)] for a in range(40)])


def test_on_a_tree_it_is_the_way_to_the_nearest_path_between_observed_classes(parents):
    distances = distances_of(parents)
    seen = [4, 17, 30]
    on_paths = {n for a in seen for b in seen for n in path(parents, a, b)}
    expected = [min(distances[n][p] for p in on_paths) for n in range(40)]
    observed = np.isin(np.arange(40), seen)
    np.testing.assert_allclose(distance_to_locus(distances, observed), expected)


def test_it_chooses_the_farthest_until_every_class_can_be_named(parents):
    distances = distances_of(parents)
    leaves = (distances == 1).sum(axis=1) == 1
    observed = np.isin(np.arange(40), [int(np.flatnonzero(leaves)[0])])
    gaps = []
    everyone = np.ones(40, dtype=bool)
    while (chosen := next_class(distances, observed, everyone)) is not None:
        gaps.append(distance_to_locus(distances, observed)[chosen])
        observed[chosen] = True
    assert all(earlier >= later for earlier, later in pairwise(gaps))
    # A tree is the union of the paths between its leaves, and no leaf lies between others.
    np.testing.assert_array_equal(observed, leaves)


def test_only_candidates_are_chosen_and_the_lower_class_of_equals():
    distances = np.abs(np.subtract.outer([0, 5, -5, 9], [0, 5, -5, 9]))
    observed = np.array([True, False, False, False])
    candidates = np.array([True, True, True, False])
    assert next_class(distances, observed, candidates) == 1


def test_somebody_must_be_observed():
    with pytest.raises(ValueError, match="got none"):
        distance_to_locus(np.zeros((2, 2)), np.zeros(2, dtype=bool))
