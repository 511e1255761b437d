from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.flexmatch import FlexMatch, class_thresholds


def literal_thresholds(proba, history, is_open, tau):
    """The definition, slowly: each item's latest confident prediction, then the formula."""
    n_classes = proba.shape[1]
    sigma = [0] * n_classes
    for item in np.flatnonzero(is_open):
        latest = None
        for said in [*history, proba]:
            if said[item].max() >= tau:
                latest = int(said[item].argmax())
        if latest is not None:
            sigma[latest] += 1
    largest = max(*sigma, int(is_open.sum()) - sum(sigma))
    betas = [count / largest for count in sigma]
    return [tau * beta / (2 - beta) for beta in betas]


@pytest.mark.parametrize("n_rounds", [0, 1, 4])
def test_thresholds_are_those_of_the_definition(rng, n_rounds):
    proba, *history = (
        rng.dirichlet([0.1, 0.2, 0.3], size=200).astype(np.float32) for _ in range(n_rounds + 1)
    )
    labels = np.where(rng.random(200) < 0.2, 1, -1)
    context = SelectionContext(labels=labels, history=history)
    expected = literal_thresholds(proba, history, labels < 0, 0.9)
    np.testing.assert_allclose(class_thresholds(proba, context, 0.9), expected, rtol=1e-6)
    lowest = np.asarray(expected, dtype=np.float32)
    accepted = (proba.max(axis=1) >= lowest[proba.argmax(axis=1)]) & (labels < 0)
    found = FlexMatch(0.9).select(proba, context).labels(200)
    np.testing.assert_array_equal(found, np.where(accepted, proba.argmax(axis=1), -1))


def test_many_items_never_sure_keep_thresholds_low():
    # Class 0 is sure of 1 item, nobody of the other 9: b = 1 / 9, so T = 0.9 / 17.
    proba = np.array([[0.95, 0.05]] + [[0.6, 0.4]] * 9)
    context = SelectionContext(labels=np.full(10, -1))
    np.testing.assert_allclose(class_thresholds(proba, context, 0.9), [0.9 / 17, 0], rtol=1e-6)


def test_what_a_round_was_last_sure_of_counts_until_another_is_sure():
    before, now = np.array([[0.99, 0.01]] * 2), np.array([[0.3, 0.7], [0.02, 0.98]])
    context = SelectionContext(labels=np.full(2, -1), history=[before])
    # One item of each class: both have b = 1.
    np.testing.assert_allclose(class_thresholds(now, context, 0.95), [0.95, 0.95], rtol=1e-6)


def test_a_round_without_an_answer_is_sure_of_nothing():
    context = SelectionContext(labels=np.full(2, -1), history=[np.full((2, 2), np.nan)])
    assert class_thresholds(np.array([[0.6, 0.4]] * 2), context, 0.95).tolist() == [0, 0]


def test_a_later_selector_of_a_chain_still_counts_the_whole_corpus(rng):
    proba = rng.dirichlet([0.1, 0.2, 0.3], size=100)
    whole = SelectionContext(labels=np.full(100, -1))
    part = SelectionContext(labels=whole.labels, candidates=np.where(np.arange(100) < 9, 0, -1))
    np.testing.assert_array_equal(
        class_thresholds(proba, whole, 0.9), class_thresholds(proba, part, 0.9)
    )


def test_earlier_rounds_of_another_shape_are_refused():
    context = SelectionContext(labels=np.full(2, -1), history=[np.full((3, 2), 0.5)])
    with pytest.raises(ValueError, match=r"\(2, 2\); got \(3, 2\)"):
        FlexMatch().select(np.full((2, 2), 0.5), context)
