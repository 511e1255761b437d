from __future__ import annotations

from math import comb

import numpy as np
import pytest

from annotate.training.stopping import count_changes, got_better, got_worse, reason_to_stop


@pytest.mark.parametrize(
    ("n_broken", "n_fixed", "worse"),
    [
        (0, 0, False),
        (1, 0, False),
        (3, 0, False),  # 1 in 8 by chance
        (4, 0, True),  # 1 in 16
        (0, 9, False),
        (13, 12, False),
        (16, 9, False),
        (17, 8, True),
    ],
)
def test_worse_is_what_chance_would_rarely_give(n_broken, n_fixed, worse):
    assert got_worse(n_broken, n_fixed) is worse
    chance = sum(comb(n_broken + n_fixed, k) for k in range(n_broken, n_broken + n_fixed + 1))
    assert worse is (n_broken > n_fixed and chance / 2 ** (n_broken + n_fixed) < 0.1)


def test_changes_are_counted_where_the_truth_is_known():
    before, after = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 2, 1])
    assert count_changes(before, after, np.array([0, 0, 0, -1, 0])) == (1, 1)


def test_worse_gold_is_named_before_the_end_of_the_rounds():
    assert "9 answers broken and 1 fixed" in (reason_to_stop(5, 5, n_broken=9, n_fixed=1) or "")


def test_rounds_go_on_until_all_are_done():
    assert reason_to_stop(4, 5) is None
    assert reason_to_stop(5, 5) == "all 5 rounds are done"


@pytest.mark.parametrize(("n_broken", "n_fixed"), [(0, 4), (4, 0), (1, 2), (3, 12), (0, 0)])
def test_what_got_better_would_the_other_way_round_have_got_worse(n_broken, n_fixed):
    assert got_better(n_broken, n_fixed) is got_worse(n_fixed, n_broken)


def test_only_more_fixed_than_chance_is_better():
    assert got_better(0, 4)
    assert not got_better(0, 3)
    assert not got_better(4, 0)
