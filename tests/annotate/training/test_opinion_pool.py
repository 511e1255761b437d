"""The opinion pool against its definition, and what its weights promise."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.training.opinion_pool import pool, pool_weights


def literal_pool(log_probas, weights):
    rows = []
    for i in range(len(log_probas[0])):
        scores = [
            np.prod(
                [np.exp(expert[i, c]) ** w for expert, w in zip(log_probas, weights, strict=True)]
            )
            for c in range(log_probas[0].shape[1])
        ]
        rows.append([score / sum(scores) for score in scores])
    return rows


@pytest.fixture
def case(rng):
    """Return an expert that knows, one that guesses, one that is wrong, and the answers."""
    answers = rng.integers(0, 3, 200)
    sure = np.full((200, 3), 0.15)
    sure[np.arange(200), answers] = 0.7
    guess = rng.dirichlet(np.ones(3), 200)
    wrong = np.roll(sure, 1, axis=1)
    return [np.log(proba) for proba in (sure, guess, wrong)], answers


def test_pool_is_the_normalised_product_of_powers(rng):
    experts = [np.log(rng.dirichlet(np.ones(4), 6)) for _ in range(3)]
    weights = np.array([0.2, 1.5, 0.0])
    np.testing.assert_allclose(pool(experts, weights), literal_pool(experts, weights), rtol=1e-5)


def test_without_answers_all_experts_weigh_alike(case):
    experts, _ = case
    none = [expert[:0] for expert in experts]
    np.testing.assert_allclose(pool_weights(none, np.zeros(0, dtype=int)), 1 / 3)


def test_without_answers_experts_weigh_what_they_are_held_to(case):
    none = [expert[:0] for expert in case[0]]
    held_to = np.array([0.0, 0.75, 0.25])
    np.testing.assert_allclose(pool_weights(none, np.zeros(0, dtype=int), held_to), held_to)


def test_answers_give_weight_to_who_foretold_them_and_take_it_from_who_did_not(case):
    knows, guesses, errs = pool_weights(*case)
    assert knows > 1
    assert guesses < 0.2
    assert errs == 0


def test_no_weights_nearby_tell_the_answers_better(case, rng):
    experts, answers = case
    best = pool_weights(experts, answers, pull=0.5)

    def loss(weights):
        told = pool([expert.astype(np.float64) for expert in experts], weights)
        penalty = 0.25 * ((weights - 1 / 3) ** 2).sum()
        return -np.log(told[np.arange(200), answers].astype(np.float64)).sum() + penalty

    for _ in range(20):
        other = np.clip(best + rng.normal(scale=0.05, size=3), 0, 3)
        assert loss(best) <= loss(other) + 1e-3


def test_two_answers_move_the_weights_less_than_two_hundred(case):
    experts, answers = case
    few = pool_weights([expert[:2] for expert in experts], answers[:2])
    many = pool_weights(experts, answers)
    assert np.abs(few - 1 / 3).sum() < np.abs(many - 1 / 3).sum()


def test_experts_of_unlike_shapes_are_refused():
    with pytest.raises(ValueError, match="all of one shape"):
        pool_weights([np.zeros((2, 3)), np.zeros((2, 4))], np.zeros(2, dtype=int))
    with pytest.raises(ValueError, match="one expert or more"):
        pool_weights([], np.zeros(0, dtype=int))
