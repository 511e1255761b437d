from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.schema import new_schema
from annotate.teachers.frechet import Frechet, frechet_proba
from annotate.teachers.zero_shot import class_features
from tests.fakes import FakeView

ALL = np.ones(4, dtype=bool)


def by_definition(proba, squared):
    """The class with the least sum of p times squared distance; the first of equal ones."""
    costs = [
        [sum(p * squared[i][y] for i, p in enumerate(row)) for y in range(len(row))]
        for row in proba.tolist()
    ]
    return [cost.index(min(cost)) for cost in costs]


def test_the_largest_is_the_frechet_mean(rng):
    points = rng.normal(size=(4, 2))
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    proba = rng.dirichlet(np.ones(4), size=200)
    found = frechet_proba(proba, squared, ALL)
    assert found.argmax(axis=1).tolist() == by_definition(proba, squared)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert (found.argmax(axis=1) != proba.argmax(axis=1)).any()


def test_where_all_classes_are_equally_far_apart_it_is_the_teacher_itself(rng):
    proba = rng.dirichlet(np.ones(4), size=200)
    found = frechet_proba(proba, 1 - np.eye(4), ALL)
    np.testing.assert_allclose(found, proba, atol=1e-6)
    assert found.argmax(axis=1).tolist() == proba.argmax(axis=1).tolist()


def test_a_class_between_two_others_is_named_though_it_was_never_learnt():
    squared = np.array([[0, 1, 4], [1, 0, 1], [4, 1, 0]])
    found = frechet_proba(np.array([[0.5, 0, 0.5]]), squared, np.ones(3, dtype=bool))
    assert found.argmax() == 1


def test_no_answer_stays_none_and_a_retired_class_gets_nothing():
    proba = np.array([[np.nan] * 4, [0.7, 0.1, 0.1, 0.1]])
    found = frechet_proba(proba, 1 - np.eye(4), np.array([False, True, True, True]))
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [0, 1 / 3, 1 / 3, 1 / 3], atol=1e-6)


def test_it_reads_a_tree_and_a_prediction_on_record(rng, tmp_path):
    tree = tmp_path / "tree.csv"
    tree.write_text("parent,child\nroot,a\nroot,pair\npair,b\npair,c\n")
    view = FakeView(rng.normal(size=(2, 4)))
    view.stored = {"probe": np.array([[0.4, 0.3, 0.3], [1, 0, 0]])}
    teacher = Frechet(f"{tree}+probe")
    teacher.fit(view)
    # a is 3 edges from b and c, which are 2 apart: a costs 0.6 * 9, b 0.4 * 9 + 0.3 * 4.
    proba = teacher.predict_proba(view, np.arange(2))
    np.testing.assert_allclose(proba[0], np.array([3.6, 4.2, 4.2]) / 12, atol=1e-6)
    np.testing.assert_allclose(proba[1], [1, 0, 0], atol=1e-6)
    assert set(teacher.parameters()) == {"squared_distances", "prediction"}


def test_text_measures_between_the_prompts_of_the_classes(rng):
    view = FakeView(rng.normal(size=(1, 8)))
    view.stored = {"probe": np.array([[1, 0, 0]])}
    teacher = Frechet("text+probe")
    teacher.fit(view)
    texts = ["{}", "topic: {}", "The topic is {}.", "Category: {}"]
    names = class_features(view.encoder(), view.schema, texts)
    expected = ((names[0] - names[1]) ** 2).sum()
    squared = teacher.parameters()["squared_distances"]
    assert squared[0, 1] == pytest.approx(expected, abs=1e-5)


def test_what_it_needs_is_said(rng):
    with pytest.raises(ConfigError, match=r"frechet:tree.csv\+probe"):
        Frechet("tree.csv")
    view = FakeView(rng.normal(size=(2, 3)), schema=new_schema(["a", "b"], task="multi"))
    with pytest.raises(ConfigError, match="frechet"):
        Frechet("text+probe").fit(view)
    single = replace(view.schema, task="single")
    view = FakeView(rng.normal(size=(2, 3)), schema=single)
    view.encoder = object
    view.encoder = lambda: type("Silent", (), {"id": "pixels"})()
    with pytest.raises(ConfigError, match="pixels does not"):
        Frechet("text+probe").fit(view)
