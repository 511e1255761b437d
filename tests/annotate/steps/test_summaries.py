"""A kept summary is the one that would be made anew."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from annotate.review.prediction_summary import summarise_prediction
from annotate.steps import summaries
from annotate.steps.predicting import StoredProba
from annotate.steps.summaries import prediction_summary
from annotate.store.schema_versions import retired
from tests.app.review_projects import predict_as_given, text_project


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(summaries, "KEEP_FROM_VALUES", 0)
    monkeypatch.setattr(summaries, "_PART_ROWS", 16)
    workspace = text_project(tmp_path / "p", [f"text {n}" for n in range(40)])
    yield workspace
    workspace.close()


def predicted(project):
    proba = np.random.default_rng(0).dirichlet(np.ones(3), 40)
    proba[5] = np.nan
    return predict_as_given(project, proba)


def same(one, other):
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
        assert getattr(one, field.name).dtype == getattr(other, field.name).dtype


@pytest.mark.parametrize("n_items", [40, 43])
def test_it_is_the_summary_made_anew_also_with_items_that_came_later(project, n_items):
    number = predicted(project)
    proba = StoredProba(project.store, number, project.schema)
    fresh = summarise_prediction(proba, n_items, project.schema.class_active)
    for _ in range(2):
        same(prediction_summary(project, number, project.schema, n_items), fresh)


def test_the_second_time_nothing_is_read_but_what_was_kept(project, monkeypatch):
    number = predicted(project)
    first = prediction_summary(project, number, project.schema, 40)
    monkeypatch.setattr(summaries, "summarise_prediction", None)
    same(prediction_summary(project, number, project.schema, 40), first)


def test_other_classes_in_force_make_another_summary(project):
    number = predicted(project)
    prediction_summary(project, number, project.schema, 40)
    changed = retired(project.schema, "owl")
    found = prediction_summary(project, number, changed, 40)
    assert 2 not in found.predicted
