from __future__ import annotations

import numpy as np

from annotate.compute.most_likely import most_likely


def test_most_likely_is_minus_one_where_there_is_no_answer():
    proba = np.array([[0.2, 0.8], [np.nan, np.nan]])
    assert most_likely(proba).tolist() == [1, -1]
