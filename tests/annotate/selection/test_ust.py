from __future__ import annotations

from math import log

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.candidates import find_candidates
from annotate.selection.ust import UST, draw, over_rounds


def context(n_items, **settings):
    return SelectionContext(labels=np.full(n_items, -1), **settings)


def entropy(shares):
    return -sum(p * log(p) for p in shares if p > 0)


def test_scores_and_weights_are_those_of_the_definition(rng):
    rounds = [rng.dirichlet([1, 0.5, 0.5], size=60) for _ in range(3)]
    *history, proba = rounds
    given = context(60, history=history)
    scores, _ = over_rounds(proba, given, find_candidates(proba, given))
    selection = UST().select(proba, given)
    for item in range(60):
        said = [one[item] for one in rounds]
        bald = entropy(np.mean(said, axis=0)) - np.mean([entropy(p) for p in said])
        assert scores[item] == pytest.approx(max(0, 1 - bald), rel=1e-4)
        if selection.accepted[item]:
            variance = np.var([p[proba[item].argmax()] for p in said])
            expected = max(0.1 * log(1 / (variance + 1e-8)), 0.4)
            assert selection.weights[item] == pytest.approx(expected, rel=1e-4)


def test_what_is_drawn_keeps_its_own_class(rng):
    """Places among the open items are mapped back to items."""
    proba = rng.dirichlet([1, 1], size=300)
    labels = np.r_[np.zeros(100, dtype=int), np.full(200, -1)]
    chosen = UST().select(proba, SelectionContext(labels=labels)).labels(300)
    taken = chosen >= 0
    assert not taken[:100].any()
    assert (chosen[taken] == proba[taken].argmax(axis=1)).all()
    assert np.bincount(chosen[taken]).tolist() == [30, 30]


def test_draws_in_proportion_to_scores():
    classes, scores = np.zeros(900, dtype=int), np.repeat([0.0, 0.1, 0.9], 300)
    shares = [draw(classes, scores, np.random.default_rng(seed)) for seed in range(200)]
    drawn = np.mean(shares, axis=0).reshape(3, 300).sum(axis=1)
    assert drawn[0] == 0
    assert drawn[2] / drawn[1] == pytest.approx(9, rel=0.2)


def test_a_round_without_an_answer_is_left_out():
    proba = np.array([[0.9, 0.1]])
    selection = UST().select(proba, context(1, history=[np.full((1, 2), np.nan)]))
    assert selection.weights[0] == pytest.approx(0.1 * log(1e8), rel=1e-4)


def test_another_seed_draws_others(rng):
    proba = rng.dirichlet([1, 1], size=300)
    first, again, other = (UST().select(proba, context(300, seed=seed)) for seed in (0, 0, 1))
    assert (first.accepted == again.accepted).all()
    assert (first.accepted != other.accepted).any()
