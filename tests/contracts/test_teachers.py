"""Every registered teacher keeps the same promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from annotate.protocols import Teacher
from annotate.schema import Schema, new_schema
from annotate.teachers import TEACHERS
from tests.fakes import FakeView

NAMES = TEACHERS.names()
# What those need that build on predictions on record.
WITH_ARGUMENT = {
    "ensemble": "ensemble:one+other",
    "frechet": "frechet:text+one",
    "two_cues": "two_cues:one+other",
}


@pytest.fixture
def view(rng):
    truth = np.arange(45) % 3
    vectors = np.eye(3, 6)[truth] * 3 + rng.normal(size=(45, 6))
    view = FakeView(vectors, labels=np.where(np.arange(45) < 20, truth, -1))
    view.stored = {name: softmax(rng.normal(size=(45, 3)), axis=1) for name in ("one", "other")}
    return view


def fit(name, view):
    teacher = TEACHERS.make(WITH_ARGUMENT.get(name, name))
    teacher.fit(view)
    return teacher


@pytest.mark.parametrize("name", NAMES)
def test_meets_the_protocol(name, view):
    teacher = fit(name, view)
    assert isinstance(teacher, Teacher)
    assert teacher.name == name
    assert all(isinstance(array, np.ndarray) for array in teacher.parameters().values())


@pytest.mark.parametrize("name", NAMES)
def test_gives_probabilities(name, view):
    proba = fit(name, view).predict_proba(view, np.arange(45))
    assert proba.dtype == np.float32
    assert proba.min() >= 0
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_does_not_depend_on_the_batch(name, view):
    teacher = fit(name, view)
    whole = teacher.predict_proba(view, np.arange(45))
    one_by_one = [teacher.predict_proba(view, np.array([row]))[0] for row in range(45)]
    np.testing.assert_allclose(one_by_one, whole, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_renumbered_classes_renumber_the_columns(name, view):
    proba = fit(name, view).predict_proba(view, np.arange(45))
    order = np.array([2, 0, 1])  # new class n is old class order[n]
    labels = np.where(view.labels >= 0, np.argsort(order)[view.labels], -1)
    classes = [replace(view.schema.classes[old], class_no=new) for new, old in enumerate(order)]
    renumbered = FakeView(view.features().values, labels, Schema(tuple(classes)))
    renumbered.stored = {name: proba[:, order] for name, proba in view.stored.items()}
    permuted = fit(name, renumbered).predict_proba(renumbered, np.arange(45))
    np.testing.assert_allclose(permuted, proba[:, order], atol=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_repeats_to_the_byte(name, view):
    one, other = (fit(name, view).predict_proba(view, np.arange(45)) for _ in range(2))
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_never_learns_from_items_without_a_label(name, view):
    before = fit(name, view).parameters()
    view.features().values[20:] = 7
    after = fit(name, view).parameters()
    for key in before:
        np.testing.assert_array_equal(before[key], after[key])


@pytest.mark.parametrize("name", NAMES)
def test_a_class_nobody_labelled_has_a_column(name, view):
    wider = FakeView(view.features().values, view.labels, new_schema(["a", "b", "c", "d"]))
    wider.stored = {name: np.pad(p, ((0, 0), (0, 1))) for name, p in view.stored.items()}
    proba = fit(name, wider).predict_proba(wider, np.arange(45))
    assert proba.shape == (45, 4)
    assert np.isfinite(proba).all()
