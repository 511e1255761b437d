"""A share that was counted, with how sure the count makes us."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from annotate.protocols import Bools
from annotate.quality.accuracy import wilson_interval


@dataclass(frozen=True)
class Share:
    """``n_right`` of ``n``, which must be a random sample for the interval to mean anything."""

    n_right: int
    n: int

    @property
    def value(self) -> float | None:
        """Return the share, 0 to 1; None where nothing was counted."""
        return self.n_right / self.n if self.n else None

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval; (0, 1) where nothing was counted."""
        return wilson_interval(self.n_right, self.n)


def share_of(right: Bools) -> Share:
    """Return how many of ``right``, shape (n,), are True."""
    return Share(int(right.sum()), len(right))
