from __future__ import annotations

import numpy as np

from annotate.training.batches import shuffled_batch, weighted_batch


def test_each_pass_sees_every_row_once_and_in_a_new_order():
    seen = np.concatenate([shuffled_batch(10, 4, seed=0, step=step) for step in range(5)])
    first, second = seen[:10], seen[10:]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first.tolist() != second.tolist()


def test_a_batch_may_be_larger_than_the_corpus():
    drawn = shuffled_batch(3, 7, seed=0, step=1)
    assert len(drawn) == 7
    assert np.bincount(drawn).max() <= 3


def test_a_batch_depends_on_the_seed_and_the_step_alone():
    first = shuffled_batch(50, 8, 0, 9).tolist()
    shuffled_batch(50, 8, 0, 3)
    assert shuffled_batch(50, 8, 0, 9).tolist() == first
    assert shuffled_batch(50, 8, 1, 9).tolist() != first


def test_rows_are_drawn_as_often_as_their_weights_say():
    weights = np.array([0.0, 1.0, 3.0])
    drawn = np.concatenate([weighted_batch(weights, 100, 0, step) for step in range(100)])
    shares = np.bincount(drawn, minlength=3) / len(drawn)
    np.testing.assert_allclose(shares, [0, 0.25, 0.75], atol=0.02)
