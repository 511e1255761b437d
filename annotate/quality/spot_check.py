"""Did rounds help, judged by a few random items that a person answered."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.protocols import Bools

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class SpotCheck:
    """The same answered items before the rounds and after them.

    Attributes
    ----------
    n_answered, n_right_before, n_right_after : int
    n_mended, n_broken : int
        Wrong before and right after; right before and wrong after.
    p_value : float
        Of the exact two-sided sign test on mended against broken: how often chance alone would
        part them this far if rounds changed nothing.
    """

    n_answered: int
    n_right_before: int
    n_right_after: int
    n_mended: int
    n_broken: int
    p_value: float

    @property
    def verdict(self) -> str:
        """``helped``, ``hurt`` or ``unclear``."""
        if self.p_value > SIGNIFICANT:
            return "unclear"
        return "helped" if self.n_mended > self.n_broken else "hurt"


def judge_rounds(right_before: Bools, right_after: Bools) -> SpotCheck:
    """Compare the labels of answered items before and after rounds.

    Parameters
    ----------
    right_before, right_after : bool arrays of shape (n_answered,)
        Whether the label agreed with the person's answer; one entry an item, in the same order.
        The items must be a random sample that nothing trained on.

    Raises
    ------
    ValueError
        If the shapes differ.

    References
    ----------
    McNemar 1947, Psychometrika 12:153; the exact form.
    """
    if right_before.shape != right_after.shape or right_before.ndim != 1:
        raise ValueError(
            "right_before and right_after must be the same items;"
            f" got shapes {right_before.shape} and {right_after.shape}."
        )
    from scipy.stats import binomtest

    n_mended = int((~right_before & right_after).sum())
    n_broken = int((right_before & ~right_after).sum())
    n_differ = n_mended + n_broken
    return SpotCheck(
        n_answered=len(right_before),
        n_right_before=int(right_before.sum()),
        n_right_after=int(right_after.sum()),
        n_mended=n_mended,
        n_broken=n_broken,
        p_value=float(binomtest(n_mended, n_differ).pvalue) if n_differ else 1.0,
    )
