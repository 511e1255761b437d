from __future__ import annotations

import numpy as np

from annotate.review.pace import Pace, measure_pace, total_pace


def pace(who, when, n=1):
    return measure_pace(np.array(who, dtype=int), np.array(when, dtype=float), n)


def test_an_answer_takes_the_time_since_the_one_before_it():
    [ann] = pace([0, 0, 0], [0, 10, 20])
    assert ann == Pace(2, 20.0)
    assert ann.per_hour == 360


def test_a_long_gap_is_neither_work_nor_an_answer():
    [ann] = pace([0, 0, 0, 0], [0, 10, 1000, 1010])
    assert ann == Pace(2, 20.0)


def test_reviewers_who_work_at_once_do_not_speed_each_other_up():
    ann, bob = pace([0, 1, 0, 1], [0, 5, 10, 15], 2)
    assert ann == bob == Pace(1, 10.0)
    assert total_pace((ann, bob)).per_hour == 360


def test_times_may_come_in_any_order_and_unknown_ones_are_left_out():
    assert pace([0, 0, 0, 0], [20, 0, np.nan, 10]) == (Pace(2, 20.0),)


def test_without_answers_there_is_no_pace():
    assert pace([], [], 2) == (Pace(0, 0.0), Pace(0, 0.0))
    assert Pace(0, 0.0).per_hour is None
