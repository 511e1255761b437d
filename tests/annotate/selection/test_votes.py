from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.chain import chain
from annotate.selection.quota import Quota
from annotate.selection.threshold import Threshold
from annotate.selection.votes import collect_votes


@pytest.fixture
def proba(rng):
    return rng.dirichlet(np.ones(3), size=40).astype(np.float32)


@pytest.fixture
def context():
    return SelectionContext(labels=np.where(np.arange(40) < 5, 1, -1))


def votes_of(selector, proba, context):
    return collect_votes(selector, selector.select(proba, context), proba, context)


def test_a_later_selector_votes_as_if_it_came_first(proba, context):
    votes = votes_of(chain([Threshold(0.8), Threshold(0.5)]), proba, context)
    assert [vote.selector for vote in votes] == ["threshold:0.8", "threshold:0.5"]
    for vote, minimum in zip(votes, (0.8, 0.5), strict=True):
        alone = Threshold(minimum).select(proba, context)
        np.testing.assert_array_equal(vote.accepted, alone.accepted)
        np.testing.assert_array_equal(vote.weights, alone.weights)
        np.testing.assert_array_equal(vote.reasons, alone.reasons)
        assert vote.judged.all()


def test_of_several_classes_of_an_item_the_accepted_one_is_put_to_the_others(proba, context):
    selection = Quota(12).select(proba, context)
    _, later = votes_of(chain([Quota(12), Threshold(0.3)]), proba, context)
    several = np.flatnonzero(np.bincount(selection.rows) == 2)
    assert len(several) > 0
    of_several = np.isin(selection.rows, several)
    np.testing.assert_array_equal(later.judged[of_several], selection.accepted[of_several])
    assert later.judged[~of_several].all()
    confidence = proba[selection.rows, selection.classes]
    np.testing.assert_array_equal(later.accepted, later.judged & (confidence >= 0.3))


def test_a_single_selector_votes_what_it_selects(proba, context):
    (vote,) = votes_of(Quota(4), proba, context)
    np.testing.assert_array_equal(vote.accepted, Quota(4).select(proba, context).accepted)
