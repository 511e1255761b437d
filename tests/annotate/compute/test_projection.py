from __future__ import annotations

import numpy as np
import pytest

from annotate.compute import projection
from annotate.compute.projection import principal_plane, project_on
from tests.fakes import ArrayRows


def plane_of(values):
    rows = ArrayRows(np.asarray(values, dtype=np.float32))
    return principal_plane(rows)


def test_it_finds_the_axes_of_the_singular_value_decomposition(rng):
    values = rng.normal(size=(300, 6)) * [1, 2, 3, 4, 5, 9]
    _, _, expected = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    found = plane_of(values).axes
    np.testing.assert_allclose(np.abs(found @ expected[:2].T), np.eye(2), atol=1e-4)


def test_the_largest_entry_of_an_axis_is_positive(rng):
    values = rng.normal(size=(100, 4)) * [1, 5, 1, 1]
    for sign in (1, -1):
        axes = plane_of(sign * values).axes
        assert (axes[[0, 1], np.abs(axes).argmax(axis=1)] > 0).all()


def test_coordinates_are_measured_from_the_mean_along_the_axes():
    values = [[2, 0, 0], [-2, 0, 0], [0, 1, 0], [0, -1, 0]]
    plane = plane_of(np.array(values) + 10)
    found = project_on(plane, np.array([[12, 10, 10], [10, 11, 10], [10, 10, 17]], np.float32))
    np.testing.assert_allclose(found, [[2, 0], [0, 1], [0, 0]], atol=1e-5)


def test_an_item_without_features_has_no_place(rng):
    values = rng.normal(size=(20, 3)).astype(np.float32)
    values[7] = np.nan
    plane = plane_of(values)
    places = project_on(plane, values)
    assert np.flatnonzero(np.isnan(places).any(axis=1)).tolist() == [7]
    np.testing.assert_allclose(plane.axes, plane_of(np.delete(values, 7, axis=0)).axes, atol=1e-6)


@pytest.mark.parametrize(
    "values", [np.zeros((0, 3)), np.full((4, 3), np.nan), np.ones((5, 3)), np.ones((1, 3))]
)
def test_where_nothing_varies_everything_lies_in_one_place(values):
    places = project_on(plane_of(values), np.asarray(values, dtype=np.float32))
    assert (np.isnan(places) | (places == 0)).all()


def test_features_of_one_dimension_lie_on_a_line():
    places = project_on(plane_of([[1], [3]]), np.array([[1], [3]], np.float32))
    np.testing.assert_allclose(places, [[-1, 0], [1, 0]])


def test_a_large_corpus_is_seen_through_evenly_spaced_rows(rng, monkeypatch):
    monkeypatch.setattr(projection, "MOST_ROWS_FITTED", 50)
    rows = ArrayRows(rng.normal(size=(199, 3)).astype(np.float32))
    found = principal_plane(rows)
    assert rows.n_rows_read == 50
    np.testing.assert_array_equal(found.axes, plane_of(rows.values[::4]).axes)
