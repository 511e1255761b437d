"""How fast people answer, judged by the times of their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints

IDLE_AFTER_S = 120.0


@dataclass(frozen=True)
class Pace:
    """Answers that followed another within two minutes, and the time they took together."""

    n_answers: int
    active_s: float

    @property
    def per_hour(self) -> float | None:
        """Return answers an hour of one person's work; None where no time was seen to pass."""
        return self.n_answers / self.active_s * 3600 if self.active_s > 0 else None


def measure_pace(
    reviewers: Ints, times_s: NDArray[np.float64], n_reviewers: int
) -> tuple[Pace, ...]:
    """Return the pace of each reviewer.

    An answer takes the time since the same reviewer's answer before it. Where that is more than
    ``IDLE_AFTER_S``, the reviewer was away, and the answer counts neither as work nor as time.

    Parameters
    ----------
    reviewers : int array of shape (n,)
        Who gave each answer, 0 to n_reviewers - 1.
    times_s : float array of shape (n,)
        When, in seconds; in any order. NaN for a time that is not known: left out.
    """
    known = ~np.isnan(times_s)
    who, when = reviewers[known], times_s[known]
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    gaps = np.diff(when)
    worked = (np.diff(who) == 0) & (gaps <= IDLE_AFTER_S)
    n_answers = np.bincount(who[1:][worked], minlength=n_reviewers)
    active_s = np.bincount(who[1:][worked], weights=gaps[worked], minlength=n_reviewers)
    return tuple(Pace(int(n), float(s)) for n, s in zip(n_answers, active_s, strict=True))


def total_pace(paces: tuple[Pace, ...]) -> Pace:
    """Return the pace of all together: answers an hour of one person's work."""
    return Pace(sum(p.n_answers for p in paces), sum(p.active_s for p in paces))
