from __future__ import annotations

import numpy as np

from annotate.training.smoothing import average_over_neighbours


def test_is_the_mean_of_the_item_and_its_neighbours(rng):
    proba = rng.dirichlet(np.ones(3), size=9)
    neighbours = rng.integers(0, 9, size=(9, 2))
    expected = [(proba[i] + proba[a] + proba[b]) / 3 for i, (a, b) in enumerate(neighbours)]
    np.testing.assert_allclose(average_over_neighbours(proba, neighbours), expected, atol=1e-6)


def test_blocks_equal_the_whole(rng):
    proba = rng.dirichlet(np.ones(4), size=20)
    neighbours = rng.integers(0, 20, size=(20, 5))
    whole = average_over_neighbours(proba, neighbours)
    block = average_over_neighbours(proba, neighbours[8:13], first_row=8)
    np.testing.assert_array_equal(block, whole[8:13])


def test_items_without_an_answer_do_not_count_and_stay_without():
    proba = np.array([[1, 0], [np.nan, np.nan], [0, 1]])
    averaged = average_over_neighbours(proba, np.array([[1], [0], [1]]))
    np.testing.assert_array_equal(averaged, proba)
