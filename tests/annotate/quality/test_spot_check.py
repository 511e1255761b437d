from __future__ import annotations

from math import comb

import numpy as np
import pytest

from annotate.quality.spot_check import judge_rounds


def answers(n_mended, n_broken, n_right=10, n_wrong=5):
    """Right before and right after, for so many items of each kind."""
    kinds = [((False, True), n_mended), ((True, False), n_broken)]
    kinds += [((True, True), n_right), ((False, False), n_wrong)]
    pairs = [kind for kind, n in kinds for _ in range(n)]
    return np.array(pairs).T


@pytest.mark.parametrize(
    ("n_mended", "n_broken", "verdict"),
    [(10, 1, "helped"), (1, 10, "hurt"), (3, 2, "unclear"), (0, 0, "unclear"), (5, 0, "unclear"),
     (6, 0, "helped")],
)  # fmt: skip
def test_the_verdict_follows_the_answers_that_differ(n_mended, n_broken, verdict):
    assert judge_rounds(*answers(n_mended, n_broken)).verdict == verdict


def test_the_p_value_is_that_of_fair_coins():
    n, k = 11, 10
    expected = 2 * sum(comb(n, i) for i in range(k, n + 1)) / 2**n
    assert judge_rounds(*answers(10, 1)).p_value == pytest.approx(expected)


def test_answers_that_do_not_differ_change_nothing():
    few, many = (judge_rounds(*answers(8, 1, n_right=n)) for n in (0, 500))
    assert few.p_value == many.p_value
    assert (many.n_right_before, many.n_right_after) == (501, 508)


def test_swapping_before_and_after_swaps_the_verdict():
    before, after = answers(10, 1)
    assert judge_rounds(after, before).verdict == "hurt"


def test_answers_to_different_items_are_refused():
    with pytest.raises(ValueError, match="same items"):
        judge_rounds(np.ones(3, bool), np.ones(4, bool))
