from __future__ import annotations

import numpy as np

from annotate.quality.self_consistency import consistency_proba


def test_shares_are_those_counted_by_hand_with_one_answer_for_all_classes():
    proba = consistency_proba(np.array([[0, 0, 2], [1, -1, -2], [-1, -1, -1]]), 4)
    np.testing.assert_allclose(proba[0], np.array([2.25, 0.25, 1.25, 0.25]) / 4)
    np.testing.assert_allclose(proba[1], np.array([0.25, 1.25, 0.25, 0.25]) / 2)
    assert np.isnan(proba[2]).all()


def test_more_answers_that_agree_are_surer():
    few, many = (consistency_proba(np.zeros((1, n), dtype=int), 3)[0, 0] for n in (1, 9))
    assert few < many < 1
