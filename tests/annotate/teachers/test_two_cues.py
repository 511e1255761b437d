from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.schema import new_schema
from annotate.teachers.two_cues import TwoCues, combine_cues
from tests.fakes import FakeView

NONE = [np.nan, np.nan]


def test_cues_are_multiplied_and_scaled():
    first = np.array([[0.8, 0.2], [0.9, 0.1]])
    second = np.array([[0.8, 0.2], [0.1, 0.9]])
    expected = [[0.64 / 0.68, 0.04 / 0.68], [0.5, 0.5]]
    np.testing.assert_allclose(combine_cues(first, second), expected, atol=1e-6)


def test_where_one_has_no_answer_the_other_speaks_alone():
    first = np.array([NONE, [0.9, 0.1], NONE])
    second = np.array([[0.3, 0.7], NONE, NONE])
    expected = [[0.3, 0.7], [0.9, 0.1], NONE]
    np.testing.assert_allclose(combine_cues(first, second), expected, atol=1e-6)


def test_two_sure_ones_that_contradict_each_other_are_averaged():
    proba = combine_cues(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(proba, [[0.5, 0.5]])


def test_a_new_prediction_by_either_makes_it_another_teacher(rng):
    view = FakeView(rng.normal(size=(2, 3)))
    view.stored = {"a": np.full((2, 3), 1 / 3), "b": np.eye(3)[:2]}
    found = []
    for column in (0, 1):
        view.stored["b"] = np.tile(np.eye(3)[column], (2, 1))
        teacher = TwoCues("a+b")
        teacher.fit(view)
        found.append(teacher.parameters())
    np.testing.assert_array_equal(found[0]["first"], found[1]["first"])
    assert (found[0]["second"] != found[1]["second"]).any()


@pytest.mark.parametrize("argument", [None, "probe", "a+", "a+b+c"])
def test_it_takes_two_teachers(argument):
    with pytest.raises(ConfigError, match=r"two_cues:zero_shot\+probe"):
        TwoCues(argument)


def test_several_classes_an_item_are_refused(rng):
    view = FakeView(rng.normal(size=(2, 3)), schema=new_schema(["a", "b"], task="multi"))
    with pytest.raises(ConfigError, match="two_cues"):
        TwoCues("a+b").fit(view)


def test_cues_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 2\) and \(2, 2\)"):
        combine_cues(np.ones((1, 2)), np.ones((2, 2)))
