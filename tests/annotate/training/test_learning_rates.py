from __future__ import annotations

import pytest

from annotate.training.learning_rates import cosine, infinite, warmed_cosine


def test_the_cosine_falls_from_1_through_a_half_to_0():
    assert [cosine(step, 8) for step in (0, 4, 8)] == pytest.approx([1, 0.5, 0])


def test_a_warm_up_comes_before_the_cosine():
    rates = [warmed_cosine(step, 10, 2) for step in range(10)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[6] == pytest.approx(0.5)
    assert warmed_cosine(0, 1, 0) == 1


def test_the_infinite_schedule_meets_its_values_where_phases_end():
    first = [infinite(step, 100, goes_on=False) for step in range(100)]
    assert [first[step] for step in (0, 5, 10, 15, 79, 80)] == pytest.approx(
        [0, 1, 0.65, 0.3, 0.3, 0.3]
    )
    assert first[90] == pytest.approx((0.3 * 0.01) ** 0.5)  # half way of an exponential
    assert infinite(100, 100, goes_on=False) == pytest.approx(0.01)


def test_a_round_that_goes_on_is_never_warmed_up():
    later = [infinite(step, 100, goes_on=True) for step in range(100)]
    assert later[:81] == pytest.approx([0.3] * 81)
    assert later[80:] == [infinite(step, 100, goes_on=False) for step in range(80, 100)]
