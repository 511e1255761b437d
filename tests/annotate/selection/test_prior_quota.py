from __future__ import annotations

import numpy as np

from annotate.protocols import SelectionContext
from annotate.selection.class_prior import corpus_class_prior
from annotate.selection.prior_quota import PriorQuota


def accepted(proba, round_no, **settings):
    labels = np.full(len(proba), -1)
    context = SelectionContext(labels=labels, round_no=round_no, n_rounds=4, **settings)
    selection = PriorQuota().select(proba, context)
    found = selection.labels(len(proba))
    return np.bincount(found[found >= 0], minlength=proba.shape[1]), selection


def test_quotas_follow_the_estimated_shares_and_grow(rng):
    classes = rng.choice(3, size=400, p=[0.7, 0.2, 0.1])
    proba = np.where(np.eye(3)[classes] > 0, 0.98, 0.01)
    proba += rng.uniform(0, 1e-4, proba.shape)
    proba /= proba.sum(axis=1, keepdims=True)
    shares = corpus_class_prior(proba, SelectionContext(labels=np.full(400, -1)))
    assert shares[0] > shares[1] > shares[2]
    for round_no in (1, 2):
        counts, selection = accepted(proba, round_no)
        assert counts.tolist() == np.floor(100 * round_no * shares).tolist()
        assert not selection.equal_classes


def test_every_class_gets_one_though_its_share_is_next_to_nothing():
    proba = np.tile([0.999, 0.001], (8, 1))
    proba[3] = [0.9, 0.1]
    counts, selection = accepted(proba, 1)
    assert counts[1] == 1
    assert selection.labels(8)[3] == 1


def test_a_retired_class_gets_none(rng):
    proba = rng.dirichlet([1, 1, 1], size=60)
    counts, _ = accepted(proba, 4, class_active=np.array([True, False, True]))
    assert counts[1] == 0
