from __future__ import annotations

import numpy as np

from annotate.quality.share import Share
from annotate.review.teachers_board import (
    Answers,
    Disagreement,
    PairScore,
    find_disagreements,
    score_pair,
    score_teacher,
)

FIRST = np.array([0, 0, 0, 1, 1, -1, 2, 2])
SECOND = np.array([0, 1, 1, 0, 1, 1, -1, 1])
TOLD = np.array([0, 0, 1, 2, -1, 1, 2, -1])


def test_a_prediction_is_judged_by_each_kind_of_answer_apart():
    none = np.full(8, -1)
    seen, blind, gold = none.copy(), none.copy(), none.copy()
    seen[[0, 1]], blind[[2, 5]], gold[3] = [0, 1], [0, 1], 1
    score = score_teacher(FIRST, Answers(seen, blind, gold))
    assert score.n_answered == 7
    assert (score.seen, score.blind, score.gold) == (Share(1, 2), Share(1, 2), Share(1, 1))


def test_the_answers_together_take_blind_ones_before_others():
    answers = Answers(np.array([0, 0, -1]), np.array([1, -1, -1]), np.array([2, 2, 2]))
    assert answers.all.tolist() == [1, 0, 2]


def test_a_pair_is_compared_where_both_answered():
    assert score_pair(FIRST, SECOND, TOLD) == PairScore(
        n_both=6, n_same=2, n_judged=3, n_first_right=1, n_second_right=1
    )


def test_disagreements_are_grouped_by_the_two_classes():
    is_open = TOLD == -1
    assert find_disagreements(FIRST, SECOND, TOLD, is_open) == (
        Disagreement(2, 0, 2, 1, 1, first_class=0, second_class=1),
        Disagreement(1, 0, 1, 0, 0, first_class=1, second_class=0),
        Disagreement(1, 1, 0, 0, 0, first_class=2, second_class=1),
    )


def test_the_groups_add_up_to_the_pair(rng):
    first, second, told = (rng.integers(-1, 5, 400) for _ in range(3))
    pair = score_pair(first, second, told)
    groups = find_disagreements(first, second, told, told == -1)
    assert sum(g.n_items for g in groups) == pair.n_both - pair.n_same
    assert sum(g.n_judged for g in groups) == pair.n_judged
    assert sum(g.n_first_right for g in groups) == pair.n_first_right
    assert sum(g.n_second_right for g in groups) == pair.n_second_right
    assert all(g.n_open == g.n_items - g.n_judged for g in groups)
