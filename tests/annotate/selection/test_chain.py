from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.agreement import Agreement
from annotate.selection.chain import chain
from annotate.selection.quota import Quota
from annotate.selection.threshold import Threshold


@pytest.fixture
def proba(rng):
    return rng.dirichlet(np.ones(3), size=40).astype(np.float32)


@pytest.fixture
def context(rng):
    labels = np.where(np.arange(40) < 5, 1, -1)
    return SelectionContext(labels=labels, neighbours=rng.integers(0, 40, size=(40, 5)))


def test_accepts_only_what_all_accept(proba, context):
    both = chain([Threshold(0.5), Quota(4)]).select(proba, context).labels(40)
    sure = Threshold(0.5).select(proba, context).labels(40)
    for c in range(3):
        rows = np.flatnonzero(sure == c)
        best = rows[np.argsort(-proba[rows, c], kind="stable")[:4]]
        assert np.flatnonzero(both == c).tolist() == sorted(best)


def test_a_later_selector_judges_the_class_accepted_not_the_likeliest(proba, context):
    quota = Quota(12).select(proba, context).labels(40)
    kept = chain([Quota(12), Threshold(0.3)]).select(proba, context).labels(40)
    for row in np.flatnonzero(quota >= 0):
        assert kept[row] == (quota[row] if proba[row, quota[row]] >= np.float32(0.3) else -1)


def test_each_pair_keeps_the_reason_of_the_selector_that_rejected_it(proba, context):
    selection = chain([Threshold(0.5), Agreement(0.5)]).select(proba, context)
    named = np.array(selection.reason_names)[selection.reasons]
    confident = proba[selection.rows].max(axis=1) >= 0.5
    assert (named[~confident] == "confidence below 0.5").all()
    assert set(named[confident]) == {"accepted", "fewer than 50% of its neighbours agree"}
    assert ((named == "accepted") == selection.accepted).all()


def test_equal_quotas_stay_equal_until_something_is_turned_away(proba, context):
    assert chain([Quota(4), Threshold(0.0)]).select(proba, context).equal_classes
    assert not chain([Quota(4), Threshold(0.9)]).select(proba, context).equal_classes
    assert not chain([Threshold(0.0), Threshold(0.0)]).select(proba, context).equal_classes


def test_a_single_selector_is_no_chain():
    only = Threshold(0.5)
    assert chain([only]) is only
    assert chain([Threshold(0.5), Quota(3)]).name == "threshold:0.5 > quota:3"
