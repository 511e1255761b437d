from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.teachers.ensemble import Ensemble
from tests.fakes import FakeView


@pytest.fixture
def view():
    made = FakeView(np.zeros((3, 2)))
    nothing = np.full(3, np.nan)
    made.stored = {
        "one": np.array([[0.8, 0.1, 0.1], [1, 0, 0], nothing]),
        "two": np.array([[0.2, 0.5, 0.3], nothing, nothing]),
        "three": np.array([[0.2, 0.3, 0.5], [0, 1, 0], nothing]),
    }
    return made


def test_those_that_answer_are_averaged(view):
    teacher = Ensemble("one+two+three")
    teacher.fit(view)
    proba = teacher.predict_proba(view, np.arange(3))
    np.testing.assert_allclose(proba[:2], [[0.4, 0.3, 0.3], [0.5, 0.5, 0]], atol=1e-6)
    assert np.isnan(proba[2]).all()


def test_other_predictions_are_other_weights(view):
    before, after = Ensemble("one+two"), Ensemble("one+two")
    before.fit(view)
    view.stored["two"] = view.stored["two"][:, ::-1]
    after.fit(view)
    one, other = before.parameters(), after.parameters()
    assert one["prediction_0"].tolist() == other["prediction_0"].tolist()
    assert one["prediction_1"].tolist() != other["prediction_1"].tolist()


@pytest.mark.parametrize("teachers", ["", "one", "one+", "one+one"])
def test_one_teacher_is_no_ensemble(teachers):
    with pytest.raises(ConfigError, match="two teachers or more"):
        Ensemble(teachers)
