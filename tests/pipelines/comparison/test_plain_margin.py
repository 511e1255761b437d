"""The plain baseline is margin sampling and nothing else."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from pipelines.comparison.plain_margin import Curve, answers_until, margin_curve
from tests.pipelines.comparison.conftest import features_around


def literal_curve(features, truth, most, batch, seed):
    """The definition, item by item."""
    answered = set(np.random.default_rng(seed).permutation(len(truth))[:batch].tolist())
    curve = []
    while True:
        rows = sorted(answered)
        model = LogisticRegression(C=10, max_iter=1000).fit(features[rows], truth[rows])
        proba = model.predict_proba(features)
        n_right = sum(
            i in answered or model.classes_[proba[i].argmax()] == truth[i]
            for i in range(len(truth))
        )
        curve.append((len(rows), n_right / len(truth)))
        if len(rows) == most:
            return curve
        margins = []
        for i in set(range(len(truth))) - answered:
            *_, second, first = sorted(proba[i])
            margins.append((first - second, i))
        answered |= {i for _, i in sorted(margins)[: min(batch, most - len(rows))]}


def test_the_curve_is_that_of_the_definition(rng):
    truth = rng.permutation(np.repeat(np.arange(3), 20))
    features = features_around(truth, rng) / 3
    curve = margin_curve(features, truth, until=1.1, most=35, batch=10, seed=3)
    found = list(zip(curve.answers.tolist(), curve.accuracy.tolist(), strict=True))
    assert found == literal_curve(features, truth, 35, 10, 3)


def test_asking_ends_once_enough_is_right(rng):
    truth = np.repeat(np.arange(2), 50)
    curve = margin_curve(features_around(truth, rng), truth, until=0.6, most=100, batch=10)
    assert len(curve.answers) == 1


def test_a_first_batch_of_one_class_is_no_reason_to_stop():
    truth = np.repeat(np.array([0, 1]), [95, 5])
    features = np.where(truth == 0, -1.0, 1.0)[:, None]
    assert margin_curve(features, truth, until=1.0, most=100, batch=2).accuracy[-1] == 1.0


def test_answers_until_is_the_first_point_that_reaches_it():
    curve = Curve(np.array([20, 40, 60, 80]), np.array([0.5, 0.8, 0.7, 0.9]))
    assert [answers_until(curve, target) for target in (0.5, 0.75, 0.85, 0.95)] == [
        20,
        40,
        80,
        None,
    ]
