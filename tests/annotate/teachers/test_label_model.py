from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.schema import new_schema
from annotate.teachers import dawid_skene, label_model
from annotate.teachers.dawid_skene import DawidSkene
from annotate.teachers.label_model import LabelModelTeacher
from tests.fakes import FakeView


@pytest.fixture
def view(rng):
    return FakeView(rng.normal(size=(30, 2)), labels=np.where(np.arange(30) < 6, 0, -1))


def test_shares_of_labels_count_one_more_of_each_class(view):
    teacher = LabelModelTeacher("labels")
    teacher.fit(view)
    assert teacher.learns_from_labels
    np.testing.assert_allclose(teacher.parameters()["balance"], [7 / 9, 1 / 9, 1 / 9])


def test_shares_given_are_kept_and_the_rest_is_uniform(view):
    for text, expected in (("0.5,0.3,0.2", [0.5, 0.3, 0.2]), ("uniform", [1 / 3] * 3)):
        teacher = LabelModelTeacher(text)
        teacher.fit(view)
        assert not teacher.learns_from_labels
        np.testing.assert_allclose(teacher.parameters()["balance"], expected)


def test_what_does_not_fit_into_memory_is_refused_with_a_way_out(view, monkeypatch):
    monkeypatch.setattr(label_model, "MOST_VALUES", 10)
    monkeypatch.setattr(dawid_skene, "fits", lambda *sizes: False)
    view.schema = new_schema(["a", "b", "c"])
    for teacher in (LabelModelTeacher(), DawidSkene()):
        with pytest.raises(ConfigError, match="Use majority_vote"):
            teacher.fit(view)
