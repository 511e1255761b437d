from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from annotate.quality.hand_over import judge_hand_over

ALL_RIGHT = np.ones(100, dtype=bool)


def wrong_on(n):
    right = ALL_RIGHT.copy()
    right[:n] = False
    return right


def test_bounds_are_those_of_clopper_and_pearson():
    (one,) = judge_hand_over(ALL_RIGHT, [wrong_on(4)], 0.5, 1).rounds
    assert (one.n_measured, one.n_right_costly, one.n_right_cheap, one.n_kept) == (100, 100, 96, 96)
    assert one.kept_low == pytest.approx(beta.ppf(0.05, 96, 5))
    assert one.kept_high == pytest.approx(beta.ppf(0.95, 97, 4))


def test_an_item_that_the_costly_one_gets_wrong_cannot_be_lost():
    (one,) = judge_hand_over(wrong_on(30), [wrong_on(20)], 0.9, 1).rounds
    assert (one.n_kept, one.kept_low > 0.97) == (100, True)


@pytest.mark.parametrize(
    ("cheap", "verdict"),
    [
        ([0, 0, 0], "yes"),
        ([50, 0, 0, 0], "yes"),  # what came before the last three counts no more
        ([0, 0], "not shown"),
        ([], "not shown"),
        ([0, 5, 0], "not shown"),
        ([0, 0, 3], "not shown"),
        ([0, 0, 20], "no"),
    ],
)
def test_every_one_of_the_last_rounds_must_show_it(cheap, verdict):
    rounds = [wrong_on(n) for n in cheap]
    assert judge_hand_over(ALL_RIGHT, rounds, 0.95, 3).verdict == verdict


def test_few_items_never_show_it():
    few = np.ones(58, dtype=bool)  # 0.95 ** 58 is above 5 %
    assert judge_hand_over(few, [few], 0.95, 1).verdict == "not shown"
    one_more = np.ones(59, dtype=bool)
    assert judge_hand_over(one_more, [one_more], 0.95, 1).verdict == "yes"
    nobody = np.ones(0, dtype=bool)
    assert judge_hand_over(nobody, [nobody], 0.95, 1).verdict == "not shown"


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="n_rounds 1 or more"):
        judge_hand_over(ALL_RIGHT, [], 0.95, 0)
    with pytest.raises(ValueError, match="same items"):
        judge_hand_over(ALL_RIGHT, [np.ones(3, dtype=bool)], 0.95, 1)
