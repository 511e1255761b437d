from __future__ import annotations

from math import log

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.flexmatch import FlexMatch
from annotate.selection.marginmatch import MarginMatch, average_margins, wrong_margin


def literal_average(rounds, item, class_no):
    """The recursion, slowly, from log-probabilities, whose differences are those of logits."""
    average = 0.0
    for t, said in enumerate(rounds):
        others = [log(p) for c, p in enumerate(said[item]) if c != class_no]
        weight = 0.997 / (1 + t)
        margin = log(said[item, class_no]) - max(others)
        average = weight * margin + (1 - weight) * average
    return average


def context(n_items, **settings):
    return SelectionContext(labels=np.full(n_items, -1), **settings)


def test_average_margins_are_those_of_the_recursion(rng):
    rounds = [rng.dirichlet([1, 1, 1], size=50) for _ in range(4)]
    classes = rng.integers(0, 3, 50)
    found = average_margins(rounds[-1], context(50, history=rounds[:-1]), np.arange(50), classes)
    expected = [literal_average(rounds, item, c) for item, c in enumerate(classes)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_round_without_an_answer_is_left_out():
    proba = np.array([[0.8, 0.2]])
    silent = context(1, history=[np.full((1, 2), np.nan)])
    margin = average_margins(proba, silent, np.array([0]), np.array([0]))
    np.testing.assert_allclose(margin, 0.997 * log(4), rtol=1e-5)


def test_with_two_classes_the_wrong_label_is_the_other_one(rng):
    proba = rng.dirichlet([1, 1], size=80)
    mirrored = [literal_average([proba], item, int(row.argmin())) for item, row in enumerate(proba)]
    expected = np.percentile(mirrored, 95)
    assert wrong_margin(proba, context(80)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_19_of_20_wrong_labels_would_be_turned_away(rng, seed):
    """The high end of wrong labels' margins, not the low one that nearly every label passes."""
    proba = rng.dirichlet(np.full(5, 0.5), size=20_000)
    given = context(20_000, seed=seed)
    wrong = (proba.argmax(axis=1) + rng.integers(1, 5, 20_000)) % 5
    margins = average_margins(proba, given, np.arange(20_000), wrong)
    assert (margins < wrong_margin(proba, given)).mean() == pytest.approx(0.95, abs=0.03)


def test_a_label_that_earlier_rounds_spoke_against_is_rejected_though_confident_now():
    now, before = np.array([[0.97, 0.03]] * 200), np.array([[0.9, 0.1]] * 199 + [[1e-6, 1 - 1e-6]])
    given = context(200, history=[before] * 4)
    assert FlexMatch().select(now, given).accepted.all()
    selection = MarginMatch().select(now, given)
    assert np.flatnonzero(~selection.accepted).tolist() == [199]
    assert "average margin" in selection.reason_names[selection.reasons[199]]


def test_what_flexmatch_rejects_stays_rejected(rng):
    proba = rng.dirichlet([0.02, 0.05, 0.1], size=200)
    flex = FlexMatch().select(proba, context(200)).accepted
    assert not MarginMatch().select(proba, context(200)).accepted[~flex].any()
    assert (~flex).any()
