from __future__ import annotations

import numpy as np
import pytest

from annotate.training.anchoring import anchor_share, average_with_anchor

NONE = [np.nan, np.nan]


def test_it_is_the_weighted_mean():
    proba, anchor = np.array([[0.2, 0.8]]), np.array([[0.6, 0.4]])
    np.testing.assert_allclose(average_with_anchor(proba, anchor, share=0.5), [[0.4, 0.6]])
    np.testing.assert_allclose(average_with_anchor(proba, anchor, share=0.25), [[0.3, 0.7]])


def test_where_one_has_no_answer_the_other_speaks():
    proba = np.array([[0.2, 0.8], NONE, NONE])
    anchor = np.array([NONE, [0.6, 0.4], NONE])
    np.testing.assert_allclose(
        average_with_anchor(proba, anchor, 0.3), [[0.2, 0.8], [0.6, 0.4], NONE]
    )


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_the_share_must_be_a_fraction(share):
    with pytest.raises(ValueError, match="0 to 1"):
        average_with_anchor(np.ones((1, 2)), np.ones((1, 2)), share)


def test_other_items_are_refused():
    with pytest.raises(ValueError, match="same items"):
        average_with_anchor(np.ones((1, 2)), np.ones((2, 2)), 0.5)


def test_a_teacher_that_learnt_from_labels_counts_for_more_and_one_under_quotas_for_less():
    taught = anchor_share(learnt_from_labels=True, equal_classes=False)
    names = anchor_share(learnt_from_labels=False, equal_classes=False)
    under_quotas = anchor_share(learnt_from_labels=False, equal_classes=True)
    assert 0 < under_quotas < names < taught <= 0.5
