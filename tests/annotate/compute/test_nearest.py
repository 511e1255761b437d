from __future__ import annotations

import numpy as np
import pytest

from annotate.compute import nearest
from annotate.compute.nearest import nearest_neighbours, nearest_rows
from tests.fakes import ArrayRows


def reference_neighbours(vectors, k):
    """The definition, slowly: sort all others by cosine; the lower row wins a tie."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -np.inf)
    return np.argsort(-cosine, axis=1, kind="stable")[:, :k]


def test_neighbours_equal_a_full_sort(rng):
    vectors = rng.normal(size=(60, 5)).astype(np.float32)
    found = nearest_neighbours(ArrayRows(vectors), 7)
    np.testing.assert_array_equal(found, reference_neighbours(vectors, 7))


def test_neighbours_do_not_depend_on_block_sizes(rng, monkeypatch):
    vectors = rng.normal(size=(50, 4)).astype(np.float32)
    whole = nearest_neighbours(ArrayRows(vectors), 6)
    monkeypatch.setattr(nearest, "QUERIES_PER_BLOCK", 7)
    monkeypatch.setattr(nearest, "ROWS_PER_BLOCK", 3)
    np.testing.assert_array_equal(nearest_neighbours(ArrayRows(vectors), 6), whole)


@pytest.mark.parametrize("rows_per_block", [2, 5, 100])
def test_equal_cosines_keep_item_order(rows_per_block, monkeypatch):
    monkeypatch.setattr(nearest, "ROWS_PER_BLOCK", rows_per_block)
    vectors = np.tile(np.array([[1, 0], [0, 1]], dtype=np.float32), (6, 1))
    found = nearest_neighbours(ArrayRows(vectors), 4)
    assert found[0].tolist() == [2, 4, 6, 8]
    assert found[6].tolist() == [0, 2, 4, 8]
    assert found[1].tolist() == [3, 5, 7, 9]


def test_an_item_without_features_is_nobodys_neighbour_but_its_own(rng):
    vectors = rng.normal(size=(8, 3)).astype(np.float32)
    vectors[2] = np.nan
    found = nearest_neighbours(ArrayRows(vectors), 3)
    assert found[2].tolist() == [2, 2, 2]
    assert 2 not in np.delete(found, 2, axis=0)


def test_an_item_fills_the_places_that_others_leave(rng):
    found = nearest_neighbours(ArrayRows(rng.normal(size=(3, 2)).astype(np.float32)), 4)
    assert sorted(found[1][:2].tolist()) == [0, 2]
    assert found[1][2:].tolist() == [1, 1]


def test_length_of_vectors_does_not_matter(rng):
    vectors = rng.normal(size=(30, 4)).astype(np.float32)
    lengths = 2.0 ** rng.integers(-3, 4, size=(30, 1)).astype(np.float32)
    one, other = (nearest_neighbours(ArrayRows(v), 5) for v in (vectors, vectors * lengths))
    np.testing.assert_array_equal(one, other)


def test_nearest_rows_give_the_cosines(rng):
    queries, base = rng.normal(size=(4, 3)), rng.normal(size=(9, 3))
    rows, cosines = nearest_rows(queries, base, 2)
    expected = [
        q @ base[r] / np.linalg.norm(q) / np.linalg.norm(base[r])
        for q, (r, _) in zip(queries, rows, strict=True)
    ]
    np.testing.assert_allclose(cosines[:, 0], expected, atol=1e-6)


def test_k_must_fit(rng):
    vectors = rng.normal(size=(3, 2)).astype(np.float32)
    with pytest.raises(ValueError, match="1 to 3"):
        nearest_rows(vectors, vectors, 4)
    with pytest.raises(ValueError, match="1 or more"):
        nearest_neighbours(ArrayRows(vectors), 0)
