from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError, NotReadyError
from annotate.teachers.neighbours import Neighbours
from tests.fakes import FakeView


def test_votes_are_weighed_by_cosine():
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [1, 0]])
    view = FakeView(vectors, labels=np.array([0, 1, 2, -1]))
    teacher = Neighbours("2")
    teacher.fit(view)
    proba = teacher.predict_proba(view, np.array([3]))
    np.testing.assert_allclose(proba, [[1 / 1.6, 0.6 / 1.6, 0]], atol=1e-6)


def test_fewer_labels_than_voters_all_vote():
    view = FakeView(np.array([[1, 0], [1, 0], [1, 0]]), labels=np.array([0, 1, -1]))
    teacher = Neighbours(10)
    teacher.fit(view)
    np.testing.assert_allclose(teacher.predict_proba(view, np.array([2])), [[0.5, 0.5, 0]])


def test_opposite_items_vote_alike():
    view = FakeView(np.array([[1, 0], [1, 0.1], [-1, 0]]), labels=np.array([0, 1, -1]))
    teacher = Neighbours(2)
    teacher.fit(view)
    np.testing.assert_allclose(teacher.predict_proba(view, np.array([2])), [[0.5, 0.5, 0]])


def test_items_without_features_get_no_answer(rng):
    view = FakeView(rng.normal(size=(6, 2)), labels=np.array([0, 1, 2, -1, -1, -1]))
    view.features().values[4] = np.nan
    teacher = Neighbours()
    teacher.fit(view)
    proba = teacher.predict_proba(view, np.arange(6))
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [4]


def test_what_is_missing_is_said(rng):
    with pytest.raises(NotReadyError, match="0 of 3"):
        Neighbours().fit(FakeView(rng.normal(size=(4, 2))))
    with pytest.raises(ConfigError, match="whole number"):
        Neighbours("few")
