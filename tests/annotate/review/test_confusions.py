from __future__ import annotations

import numpy as np

from annotate.quality.accuracy import confusion_matrix
from annotate.review.confusions import Confusion, count_confusions


def test_confusions_are_counted_and_the_most_frequent_comes_first():
    answered = np.array([0, 0, 1, 1, 1, 2, -1, 2])
    suggested = np.array([0, 1, 0, 0, 1, 2, 2, -1])
    found = count_confusions(answered, suggested, 3)
    assert (found.n, found.n_same) == (6, 3)
    assert found.pairs == (Confusion(0, 1, 2), Confusion(1, 0, 1))
    assert found.classes == (0, 1, 2)
    assert np.array_equal(found.matrix, confusion_matrix(suggested, answered, 3))


def test_of_many_classes_the_matrix_shows_those_confused_most(rng):
    answered = np.concatenate([np.repeat(np.arange(30), 3), [7, 7, 20]])
    suggested = np.concatenate([np.repeat(np.arange(30), 3), [20, 20, 7]])
    found = count_confusions(answered, suggested, 30, most_classes=2)
    assert found.classes == (7, 20)
    assert found.matrix == ((3, 2), (1, 3))


def test_nothing_answered_is_no_confusion():
    nothing = np.array([-1, -1])
    found = count_confusions(nothing, np.array([0, 1]), 2)
    assert (found.n, found.pairs, found.classes, found.matrix) == (0, (), (), ())
