from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import cohen_kappa_score

from annotate.quality.forecast import Forecast
from annotate.quality.share import Share
from annotate.quality.stopping import (
    StopEvidence,
    enough_answers,
    few_corrections,
    stable_predictions,
)


@pytest.fixture
def drifting(rng):
    """What six models say of 500 items; each changes fewer answers than the one before."""
    guesses = [rng.integers(0, 3, 500)]
    for n_changed in (200, 50, 5, 2, 1):
        later = guesses[-1].copy()
        changed = rng.choice(500, n_changed, replace=False)
        later[changed] = (later[changed] + 1) % 3
        guesses.append(later)
    return guesses


def test_predictions_are_stable_when_three_kappas_have_a_mean_of_99_per_cent(drifting):
    for n_models in range(4, 7):
        seen = drifting[:n_models]
        kappas = [cohen_kappa_score(seen[k - 1], seen[k]) for k in (-3, -2, -1)]
        assert stable_predictions(seen).may_stop is bool(np.mean(kappas) >= 0.99)
    assert [stable_predictions(drifting[:n]).may_stop for n in range(7)] == [
        None, None, None, None, False, False, True,
    ]  # fmt: skip


def test_models_that_give_everything_one_class_are_stable():
    assert stable_predictions([np.zeros(9, dtype=int)] * 4).may_stop is True


def test_it_says_how_many_trainings_are_missing(drifting):
    assert "3 more trainings" in stable_predictions([]).reason
    assert "2 more trainings" in stable_predictions(drifting[:2]).reason


def test_stable_predictions_stop_where_small_texts_criterion_does(drifting):
    pytest.importorskip("small_text", reason="needs small-text: pip install small-text==1.4.1")
    from small_text import KappaAverage

    peer = KappaAverage(3)
    theirs = [bool(peer.stop(predictions=guess)) for guess in drifting]
    assert [bool(stable_predictions(drifting[: n + 1]).may_stop) for n in range(6)] == theirs


@pytest.mark.parametrize(("n_wrong", "n"), [(0, 58), (0, 59), (1, 92), (1, 93), (30, 30)])
def test_corrections_are_few_if_more_of_them_would_be_likelier_than_one_in_twenty(n_wrong, n):
    """Clopper and Pearson: the bound is the rate at which so few are seen with probability 5 %."""
    advice = few_corrections(Share(n - n_wrong, n), 0.95)
    assert advice.may_stop is bool(binom.cdf(n_wrong, n, 0.05) <= 0.05)
    assert f"{n_wrong} of {n} random answers" in advice.reason


def test_without_random_answers_it_says_that_the_queues_own_do_not_tell():
    advice = few_corrections(Share(0, 0), 0.9)
    assert advice.may_stop is None
    assert "answers that the queue chose do not tell" in advice.sentence


def test_the_forecast_lets_stop_when_even_its_worst_end_asks_for_nothing():
    assert enough_answers(Forecast(0, 0, 0), 0.9).sentence.startswith("you may stop: 90.0%")
    advice = enough_answers(Forecast(0, 0, 1200), 0.9)
    assert not advice.may_stop
    assert "may take 1,200 more answers" in advice.sentence
    advice = enough_answers(Forecast(30, 0, 1200), 0.9)
    assert "about 30 more answers (0 to 1,200)" in advice.sentence
    assert enough_answers(None, 0.9).may_stop is None


def test_evidence_gives_the_advice_of_every_rule():
    evidence = StopEvidence((), Share(100, 100), Share(100, 100), 1000, 0)
    by_rule = {advice.rule: advice.may_stop for advice in evidence.advice(0.95)}
    assert by_rule == {"few corrections": True, "forecast": True, "stable predictions": None}
