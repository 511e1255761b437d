from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.protocols import SelectionContext
from annotate.selection.growing_share import GrowingShare
from annotate.selection.logit_adjusted import LogitAdjusted


def open_context(n_items, **settings):
    return SelectionContext(labels=np.full(n_items, -1), **settings)


def test_in_the_last_round_every_item_gets_its_adjusted_class(rng):
    proba = rng.dirichlet([4, 1, 1], size=200)
    adjusted = np.log(proba) - 0.5 * np.log(proba.mean(axis=0))
    found = LogitAdjusted("0.5").select(proba, open_context(200, round_no=3, n_rounds=3))
    np.testing.assert_array_equal(found.labels(200), adjusted.argmax(axis=1))
    assert (adjusted.argmax(axis=1) != proba.argmax(axis=1)).any()


def test_each_adjusted_class_gives_its_most_confident_share(rng):
    proba = rng.dirichlet([4, 1, 1], size=200)
    adjusted = proba / proba.mean(axis=0)
    adjusted /= adjusted.sum(axis=1, keepdims=True)
    found = LogitAdjusted().select(proba, open_context(200, round_no=1, n_rounds=4)).labels(200)
    for c in range(3):
        members = np.flatnonzero(adjusted.argmax(axis=1) == c)
        best = members[np.argsort(-adjusted[members, c])][: -(-len(members) // 4)]
        assert np.flatnonzero(found == c).tolist() == sorted(best)


def test_without_adjustment_it_is_growing_share(rng):
    proba = rng.dirichlet([4, 1, 1], size=200)
    context = open_context(200, round_no=2, n_rounds=5)
    np.testing.assert_array_equal(
        LogitAdjusted(0).select(proba, context).labels(200),
        GrowingShare().select(proba, context).labels(200),
    )


def test_in_a_chain_the_class_accepted_so_far_stays():
    proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.55, 0.45]])
    candidates = np.array([0, -1, 0])
    found = LogitAdjusted().select(proba, open_context(3, candidates=candidates)).labels(3)
    assert found.tolist() == [0, -1, 0]


@pytest.mark.parametrize("tau", ["-1", "much", "inf"])
def test_what_is_no_tau_is_refused(tau):
    with pytest.raises(ConfigError, match="0 or more"):
        LogitAdjusted(tau)
