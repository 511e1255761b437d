from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from annotate.errors import ConfigError, NotReadyError
from annotate.schema import new_schema
from annotate.teachers.probe import Probe
from tests.fakes import FakeView


@pytest.fixture
def view(rng):
    truth = np.arange(60) % 3
    vectors = np.eye(3)[truth] * 2 + rng.normal(size=(60, 3))
    return FakeView(vectors, labels=np.where(np.arange(60) < 30, truth, -1))


def test_agrees_with_scikit_learns_logistic_regression(view):
    teacher = Probe(10)
    teacher.fit(view)
    X = view.features().take(np.arange(60))
    scaled = X / np.sqrt(X[:30].var(axis=0).sum())
    exact = LogisticRegression(C=10, tol=1e-8).fit(scaled[:30], view.labels[:30])
    proba = teacher.predict_proba(view, np.arange(60))
    np.testing.assert_allclose(proba, exact.predict_proba(scaled), atol=0.05)


def test_items_without_features_get_no_answer_and_do_not_train(view):
    view.features().values[[0, 50]] = np.nan
    teacher = Probe()
    teacher.fit(view)
    proba = teacher.predict_proba(view, np.arange(60))
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [0, 50]


def test_one_labelled_class_is_not_enough(view):
    view.labels = np.where(view.labels == 1, 1, -1)
    with pytest.raises(NotReadyError, match="1 of 3"):
        Probe().fit(view)


def test_a_multi_label_task_is_refused_by_name(view):
    view.schema = new_schema(["a", "b", "c"], task="multi")
    with pytest.raises(ConfigError, match="probe"):
        Probe().fit(view)
