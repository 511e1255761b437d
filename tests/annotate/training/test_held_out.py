from __future__ import annotations

import numpy as np

from annotate.training.held_out import held_out


def test_one_in_five_of_each_class_that_has_five():
    y = np.repeat([0, 1, 2], [4, 5, 14])
    out = held_out(y, np.ones(23, dtype=bool), seed=0)
    assert np.bincount(y[out], minlength=3).tolist() == [0, 1, 2]


def test_pseudo_labels_are_neither_counted_nor_held_out():
    y, given = np.zeros(20, dtype=int), np.arange(20) < 5
    for seed in range(5):
        out = held_out(y, given, seed)
        assert out.sum() == 1
        assert not (out & ~given).any()


def test_the_seed_draws_them():
    y, given = np.zeros(50, dtype=int), np.ones(50, dtype=bool)
    assert (held_out(y, given, 0) == held_out(y, given, 0)).all()
    assert (held_out(y, given, 0) != held_out(y, given, 1)).any()
