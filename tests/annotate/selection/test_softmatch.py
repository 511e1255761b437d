from __future__ import annotations

from math import exp

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.softmatch import SoftMatch, gaussian_weights


def literal_weights(proba):
    """The definition, slowly: align to uniform, then a Gaussian below the mean confidence."""
    means = proba.mean(axis=0)
    confidence = []
    for row in proba:
        aligned = row / means
        confidence.append((aligned / aligned.sum())[row.argmax()])
    mean, variance = np.mean(confidence), np.var(confidence)
    return [exp(-(min(c - mean, 0) ** 2) / (2 * variance / 2**2)) for c in confidence]


def test_weights_are_those_of_the_definition(rng):
    proba = rng.dirichlet([0.5, 1, 2], size=300)
    selection = SoftMatch().select(proba, SelectionContext(labels=np.full(300, -1)))
    np.testing.assert_allclose(selection.weights, literal_weights(proba), rtol=1e-4)
    assert selection.accepted.all()
    assert 0.1 < (selection.weights < 1).mean() < 0.9


def test_the_mean_and_above_weigh_1_and_one_deviation_below_weighs_exp_minus_2():
    pool = np.array([0.4, 0.8])  # mean 0.6, standard deviation 0.2
    np.testing.assert_allclose(
        gaussian_weights(np.array([0.9, 0.6, 0.4]), pool), [1, 1, exp(-2)], rtol=1e-6
    )


def test_alignment_lets_a_label_of_the_favourite_class_weigh_less():
    proba = np.array([[0.7, 0.3]] * 3 + [[0.3, 0.7]])
    weights = SoftMatch().select(proba, SelectionContext(labels=np.full(4, -1))).weights
    assert weights[3] == 1
    assert (weights[:3] < 0.9).all()


def test_equal_confidences_weigh_1():
    proba = np.array([[0.7, 0.3], [0.3, 0.7]], dtype=np.float32)
    weights = SoftMatch().select(proba, SelectionContext(labels=np.full(2, -1))).weights
    np.testing.assert_allclose(weights, 1)


def test_what_weighs_nothing_is_rejected():
    proba = np.array([[0.999, 0.001], [0.001, 0.999]] * 5_000 + [[0.5, 0.5]], dtype=np.float32)
    selection = SoftMatch().select(proba, SelectionContext(labels=np.full(10_001, -1)))
    assert selection.accepted[:-1].all()
    assert not selection.accepted[-1]
    assert "weighs nothing" in selection.reason_names[selection.reasons[-1]]


@pytest.mark.parametrize("candidate", [0, 1])
def test_in_a_chain_the_label_accepted_so_far_is_weighed_against_the_whole_corpus(candidate):
    proba = np.array([[0.6, 0.4], [0.4, 0.6], [0.7, 0.3], [0.3, 0.7]])
    candidates = np.array([-1, -1, candidate, -1])
    context = SelectionContext(labels=np.full(4, -1), candidates=candidates)
    weight = SoftMatch().select(proba, context).weights[0]
    # Alignment changes nothing here: mean 0.65, standard deviation 0.05.
    expected = gaussian_weights(np.array([0.3 if candidate else 0.7]), np.array([0.6, 0.7]))
    np.testing.assert_allclose(weight, expected[0], rtol=1e-3, atol=1e-30)
