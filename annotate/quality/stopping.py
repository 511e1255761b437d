"""When people may stop answering: three rules, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints
from annotate.quality.forecast import Forecast, forecast_answers
from annotate.quality.share import Share

N_UPDATES = 3
STABLE_KAPPA = 0.99
CONFIDENCE = 0.95
DEFAULT_TARGET = 0.95


@dataclass(frozen=True)
class StopAdvice:
    """What one rule says.

    Attributes
    ----------
    rule : str
    may_stop : bool or None
        None where the rule cannot tell.
    reason : str
    has_target : bool
        False for a rule that does not ask how much must be right.
    """

    rule: str
    may_stop: bool | None
    reason: str
    has_target: bool = True

    @property
    def sentence(self) -> str:
        """Return the advice in words."""
        verdict = {True: "you may stop", False: "go on", None: "not known"}[self.may_stop]
        return f"{verdict}: {self.reason}"


@dataclass(frozen=True)
class StopEvidence:
    """What the rules judge by.

    Attributes
    ----------
    guesses : tuple of int arrays of shape (n_stop_set,)
        Classes that successive models gave the same random items, oldest first.
    random : Share
        Predictions in force that were right among items drawn at random and answered blind.
    measured : Share
        The same of everything that measures: held-back gold too.
    n_items, n_decided : int
        Items, and those of them that people labelled or decided.
    """

    guesses: tuple[NDArray[np.int64], ...]
    random: Share
    measured: Share
    n_items: int
    n_decided: int

    def advice(self, target: float = DEFAULT_TARGET) -> tuple[StopAdvice, ...]:
        """Return what each rule says where a share ``target`` must be right."""
        forecast = forecast_answers(self.measured, self.n_items, self.n_decided, target)
        return (
            few_corrections(self.random, target),
            enough_answers(forecast, target),
            stable_predictions(self.guesses),
        )


def stable_predictions(guesses: Sequence[Ints]) -> StopAdvice:
    """Say whether answers still change what models predict.

    Stable are predictions of which the last three changes of model have a mean kappa of 0.99. That
    says nothing of how right they are: only that a model like these learns no more.

    Parameters
    ----------
    guesses : sequence of int arrays of shape (n,)
        The classes that one model after another gave the same random items, oldest first; -1 for no
        answer. Between two of them people answered.

    References
    ----------
    Bloodgood & Vijay-Shanker 2009, "A method for stopping active learning based on stabilizing
    predictions and the need for user-adjustable stopping", aclanthology.org/W09-1107.
    """
    rule = "stable predictions"
    recent = guesses[-N_UPDATES - 1 :]
    if len(recent) <= N_UPDATES:
        n_left = N_UPDATES + 1 - max(len(recent), 1)
        reason = f"it takes {n_left} more trainings, each after further answers, to tell"
        return StopAdvice(rule, None, reason, has_target=False)
    kappa = float(np.mean([_kappa(a, b) for a, b in pairwise(recent)]))
    agree = f"the last {N_UPDATES + 1} models agree with a mean kappa of {kappa:.3f}"
    if kappa >= STABLE_KAPPA:
        reason = f"{agree}, so further answers hardly change predictions"
    else:
        reason = f"{agree}; predictions are stable from {STABLE_KAPPA} on"
    return StopAdvice(rule, kappa >= STABLE_KAPPA, reason, has_target=False)


def _kappa(first: Ints, second: Ints) -> float:
    from sklearn.metrics import cohen_kappa_score

    # Undefined where both give one class to all: nothing has changed then.
    return 1.0 if np.array_equal(first, second) else float(cohen_kappa_score(first, second))


def few_corrections(random: Share, target: float) -> StopAdvice:
    """Say whether answers seldom enough correct what is predicted.

    Parameters
    ----------
    random : Share
        Predictions that were right among items drawn at random and answered blind. Answers that a
        queue chose will not do: it asks where predictions are doubtful.
    target : float
        The share of predictions that must be right, 0 to 1.

    Notes
    -----
    The bound is the one-sided 95 % bound of Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404. It
    holds for one look at a sample; who looks after every answer and stops at the first good one is
    wrong more often.
    """
    rule = "few corrections"
    if random.n == 0:
        reason = (
            "no item drawn at random was answered blind, and answers that the queue chose do not"
            " tell, for it asks where predictions are doubtful; draw an audit"
        )
        return StopAdvice(rule, None, reason)
    from scipy.stats import binomtest

    n_corrected = random.n - random.n_right
    test = binomtest(n_corrected, random.n, alternative="less")
    bound = float(test.proportion_ci(CONFIDENCE, method="exact").high)
    reason = (
        f"{n_corrected:,} of {random.n:,} random answers corrected the prediction, so at most"
        f" {bound:.1%} are wrong (95 %); the target is {1 - target:.1%}"
    )
    return StopAdvice(rule, bool(bound <= 1 - target), reason)


def enough_answers(forecast: Forecast | None, target: float) -> StopAdvice:
    """Say whether the forecast of ``forecast_answers`` asks for further answers to ``target``."""
    rule = "forecast"
    if forecast is None:
        return StopAdvice(rule, None, "nothing has measured how right predictions are")
    if forecast.most == 0:
        return StopAdvice(rule, True, f"{target:.1%} of all labels are right, at worst")
    if forecast.likely == 0:
        reason = (
            f"{target:.1%} of all labels are right as measured, but so few items measure that it"
            f" may take {forecast.most:,} more answers"
        )
        return StopAdvice(rule, False, reason)
    reason = (
        f"about {forecast.likely:,} more answers ({forecast.fewest:,} to {forecast.most:,}) until"
        f" {target:.1%} of all labels are right"
    )
    return StopAdvice(rule, False, reason)
