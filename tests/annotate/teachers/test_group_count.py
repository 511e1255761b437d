from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from annotate.teachers.group_count import count_groups, search_count


def test_the_search_is_the_one_counted_by_hand():
    """One peak at 13 between 2 and 50: K1 and K2 by halving, then between both."""
    tried = []

    def score(number):
        tried.append(number)
        return -abs(number - 13)

    found = search_count(score, 2, 50)
    # 2 to 50: 2 is nearer, so 2 to 26, 2 to 14, 8 to 14, 11 to 14, 12 to 14, 13 to 14.
    assert tried[:7] == [2, 50, 26, 14, 8, 11, 12]
    assert found.n_groups == 13
    assert [number for number, _ in found.probes] == tried and len(set(tried)) == len(tried)


def test_of_equals_the_fewest_are_taken():
    assert search_count(lambda number: 0.0, 2, 40).n_groups == 2


def test_one_number_needs_no_search():
    assert search_count(lambda number: 1.0, 5, 5).n_groups == 5


def test_blobs_are_counted():
    vectors, _ = make_blobs(600, n_features=8, centers=9, cluster_std=0.4, random_state=1)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    found = count_groups(vectors, most=40)
    assert abs(found.n_groups - 9) <= 2
    assert dict(found.probes)[found.n_groups] == max(score for _, score in found.probes)


@pytest.mark.parametrize(("fewest", "most"), [(1, 5), (9, 8), (12, 40)])
def test_there_must_be_something_to_choose(fewest, most):
    with pytest.raises(ValueError, match="number of groups"):
        count_groups(np.eye(30, dtype=np.float32), fewest=fewest, most=most)
