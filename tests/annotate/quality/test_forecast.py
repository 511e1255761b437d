from __future__ import annotations

import pytest

from annotate.quality.forecast import Forecast, forecast_answers
from annotate.quality.share import Share


def right_after(n_answers, p, n_items, n_decided):
    """The model, literally: what people decided is right, of the rest a share p."""
    decided = n_decided + n_answers
    return (decided + (n_items - decided) * p) / n_items


@pytest.mark.parametrize("target", [0.85, 0.9, 0.99])
@pytest.mark.parametrize("n_decided", [0, 40])
def test_it_is_the_fewest_answers_that_reach_the_target(target, n_decided):
    measured = Share(80, 100)
    n = forecast_answers(measured, 1000, n_decided, target).likely
    assert right_after(n, 0.8, 1000, n_decided) >= target - 1e-9
    assert right_after(n - 1, 0.8, 1000, n_decided) < target


def test_a_countable_case():
    # 10 items, 7 right by chance of 0.7: to have 8.5 right on average, half must be decided.
    assert forecast_answers(Share(7, 10), 10, 0, 0.85).likely == 5


def test_the_ends_come_from_the_interval_of_the_measurement():
    measured = Share(80, 100)
    forecast = forecast_answers(measured, 1000, 0, 0.95)
    low, high = measured.interval
    as_measured = {
        p: next(n for n in range(1001) if right_after(n, p, 1000, 0) >= 0.95) for p in (low, high)
    }
    assert (forecast.most, forecast.fewest) == (as_measured[low], as_measured[high])


def test_a_target_that_is_reached_needs_nothing():
    assert forecast_answers(Share(99, 100), 1000, 0, 0.9) == Forecast(0, 0, 0)


def test_without_measuring_answers_nothing_is_known():
    assert forecast_answers(Share(0, 0), 1000, 10, 0.9) is None


def test_certainty_is_no_target():
    with pytest.raises(ValueError, match="below 1"):
        forecast_answers(Share(1, 2), 10, 0, 1.0)
