"""Whether a cheap teacher has earned it to take over from a costly one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from annotate.protocols import Bools

CONFIDENCE = 0.95
Verdict = Literal["yes", "no", "not shown"]


@dataclass(frozen=True)
class HandOverRound:
    """One round of the cheap teacher on items whose class people know.

    Attributes
    ----------
    n_measured, n_right_costly, n_right_cheap : int
    n_kept : int
        Items on which nothing would be lost: the cheap one is right, or the costly one is wrong.
    kept_low, kept_high : float
        0 to 1: the share of kept items is above the first, and below the second, each with 95 %
        confidence.
    """

    n_measured: int
    n_right_costly: int
    n_right_cheap: int
    n_kept: int
    kept_low: float
    kept_high: float


@dataclass(frozen=True)
class HandOver:
    """What the last rounds of the cheap teacher say, oldest first.

    ``verdict`` is ``yes`` if each of the rounds asked for keeps enough, ``no`` if the last one
    certainly loses too much, else ``not shown``.
    """

    rounds: tuple[HandOverRound, ...]
    verdict: Verdict


def judge_hand_over(
    right_costly: Bools, right_cheap: Sequence[Bools], least_kept: float, n_rounds: int
) -> HandOver:
    """Judge the last rounds of a cheap teacher against a costly one.

    Parameters
    ----------
    right_costly : bool array of shape (n_measured,)
        Whether the costly teacher is right on items that trained neither of the two.
    right_cheap : sequence of bool arrays of shape (n_measured,)
        The same for each round of the cheap one, oldest first.
    least_kept : float
        0 to 1: the share of items on which nothing may be lost, at least.
    n_rounds : int
        Rounds in a row that must each show it, 1 or more.

    Raises
    ------
    ValueError
        If shapes differ, or a setting is out of range.

    References
    ----------
    Clopper & Pearson 1934, Biometrika 26:404, one-sided. The gate (an agreement that is high enough
    for several rounds) is that of persistent self-supervised learning. Differs in that the lower
    bound must reach the share, not the share that was seen.
    """
    if not 0 <= least_kept <= 1 or n_rounds < 1:
        raise ValueError(
            f"least_kept must be 0 to 1 and n_rounds 1 or more; got {least_kept:g} and {n_rounds}."
        )
    if any(right.shape != right_costly.shape for right in right_cheap):
        raise ValueError("right_costly and right_cheap must be about the same items.")
    rounds = tuple(_measure(right_costly, right) for right in right_cheap[-n_rounds:])
    if len(rounds) == n_rounds and all(one.kept_low >= least_kept for one in rounds):
        return HandOver(rounds, "yes")
    lost = bool(rounds) and rounds[-1].kept_high < least_kept
    return HandOver(rounds, "no" if lost else "not shown")


def _measure(right_costly: Bools, right_cheap: Bools) -> HandOverRound:
    n_measured = len(right_costly)
    n_kept = int((right_cheap | ~right_costly).sum())
    return HandOverRound(
        n_measured, int(right_costly.sum()), int(right_cheap.sum()), n_kept,
        *_one_sided_bounds(n_kept, n_measured),
    )  # fmt: skip


def _one_sided_bounds(n_kept: int, n: int) -> tuple[float, float]:
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    low, high = (
        binomtest(n_kept, n, alternative=side).proportion_ci(CONFIDENCE, method="exact")
        for side in ("greater", "less")
    )
    return float(low.low), float(high.high)
