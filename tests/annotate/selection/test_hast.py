from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.protocols import SelectionContext
from annotate.selection.hast import HAST, pseudo_weights
from annotate.training import STUDENTS


@pytest.fixture
def proba(rng):
    return rng.dirichlet([0.6, 0.3, 0.1], size=300).astype(np.float32)


@pytest.fixture
def context(rng):
    labels = np.where(np.arange(300) % 10 == 0, rng.integers(0, 3, 300), -1)
    return SelectionContext(labels=labels, neighbours=rng.integers(0, 300, size=(300, 15)))


def literal(proba, context):
    """Steps 2 to 5 of the paper, item by item."""
    vote = [
        int(y) if y >= 0 else int(p.argmax()) for y, p in zip(context.labels, proba, strict=True)
    ]
    kept = {}
    for item in np.flatnonzero(context.labels < 0):
        votes = [vote[other] for other in context.neighbours[item][:14]]
        shares = [votes.count(c) / 14 for c in range(3)]
        majority = int(np.argmax(shares))
        own = int(proba[item].argmax())
        if majority == own and proba[item, own] > 0.5 and shares[majority] > 0.5:
            kept[int(item)] = own
    counts = [list(kept.values()).count(c) for c in range(3)]
    weights = {}
    for item, c in kept.items():
        r = (sum(counts) / 3 - counts[c]) / counts[c]
        weights[item] = 0.1 * 10 / (1 + exp(-r))
    return kept, weights


def test_accepts_and_weighs_as_the_paper_does(proba, context):
    kept, weights = literal(proba, context)
    selection = HAST().select(proba, context)
    rows = selection.rows[selection.accepted].tolist()
    assert rows == list(kept)
    assert selection.classes[selection.accepted].tolist() == list(kept.values())
    np.testing.assert_allclose(
        selection.weights[selection.accepted], list(weights.values()), rtol=1e-5
    )
    assert set(selection.reasons) == {0, 1, 2}


def test_weights_are_relative_to_a_given_label_and_do_not_sum_to_one():
    """At weights that sum to one, a regularised student hardly moves from its start."""
    classes, accepted = np.repeat([0, 1], 500), np.ones(1000, dtype=bool)
    weights = pseudo_weights(classes, accepted, np.array([True, True]))
    np.testing.assert_allclose(weights, 0.5)


def test_a_student_learns_the_same_when_weights_are_divided_by_their_sum(rng):
    """A student brings them to a mean of 1, so that its regularisation keeps its strength."""
    classes, accepted = rng.integers(0, 2, 200), np.ones(200, dtype=bool)
    features = (rng.normal(size=(200, 4)) + classes[:, None]).astype(np.float32)
    weights = pseudo_weights(classes, accepted, np.array([True, True]))
    plain = STUDENTS.make("linear", n_classes=2).fit(features, classes, weights)
    divided = STUDENTS.make("linear", n_classes=2).fit(features, classes, weights / weights.sum())
    np.testing.assert_allclose(
        plain.predict_proba(features), divided.predict_proba(features), atol=1e-4
    )
    assert (plain.predict_proba(features).argmax(axis=1) == classes).mean() > 0.8


def test_the_mean_is_not_rounded_down():
    classes, accepted = np.array([0, 0, 1]), np.ones(3, dtype=bool)
    weights = pseudo_weights(classes, accepted, np.array([True, True]))
    np.testing.assert_allclose(
        weights, [1 / (1 + exp(0.25)), 1 / (1 + exp(0.25)), 1 / (1 + exp(-0.5))], rtol=1e-6
    )


def test_a_dominant_class_weighs_least_and_a_rare_one_most():
    classes, accepted = np.r_[np.zeros(10_000, int), 1], np.ones(10_001, dtype=bool)
    active = np.r_[np.ones(100, dtype=bool), False]
    weights = pseudo_weights(classes, accepted, active)
    np.testing.assert_allclose(weights[[0, -1]], [1 / (1 + exp(0.99)), 1], atol=1e-3)


def test_exactly_half_is_too_little():
    proba = np.array([[0.9, 0.1]] * 8 + [[0.1, 0.9]] * 7)
    neighbours = np.tile(np.r_[1:8, 8:15], (15, 1))
    context = SelectionContext(labels=np.full(15, -1), neighbours=neighbours)
    assert not HAST().select(proba, context).accepted.any()


def test_neighbours_vote_with_their_own_class_whatever_a_chain_accepted(proba, context):
    alone = HAST().select(proba, context)
    one = int(alone.rows[alone.accepted][0])
    candidates = np.full(300, -1)
    candidates[one] = proba[one].argmax()
    selection = HAST().select(proba, replace(context, candidates=candidates))
    assert selection.rows.tolist() == [one]
    assert selection.accepted.all()


def test_without_features_it_says_what_to_run(proba, context):
    with pytest.raises(NotReadyError, match="annotate embed"):
        HAST().select(proba, replace(context, neighbours=None))
