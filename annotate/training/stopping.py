"""When rounds end."""

from __future__ import annotations

import numpy as np

from annotate.protocols import NO_LABEL, Ints

# A round is stopped for being worse when chance would look as bad less often than this.
CHANCE = 0.1


def reason_to_stop(
    round_no: int,
    n_rounds: int,
    *,
    n_broken: int = 0,
    n_fixed: int = 0,
) -> str | None:
    """Return in words why the rounds end after this one, or None to go on.

    Parameters
    ----------
    round_no, n_rounds : int
        The round just done, from 1, out of how many were asked for.
    n_broken, n_fixed : int
        Held-back gold items that the best round so far had right and this one has wrong, and the
        reverse; both 0 without held-back gold.
    """
    if got_worse(n_broken, n_fixed):
        return (
            f"held-back gold got worse: {n_broken} answers broken and {n_fixed} fixed"
            " since the best round"
        )
    if round_no >= n_rounds:
        return f"all {n_rounds} rounds are done"
    return None


def got_worse(n_broken: int, n_fixed: int) -> bool:
    """Say whether more answers were broken than fixed than chance alone would explain.

    Only items that changed tell two rounds apart. If each change were a coin toss, so many broken
    ones or more would come up with less than 10 % probability. A rule in standard errors would call
    2 broken and 0 fixed worse, which one toss in four gives.

    References
    ----------
    McNemar 1947, https://doi.org/10.1007/BF02295996, in its exact one-sided form.
    """
    n_changed = n_broken + n_fixed
    if n_broken <= n_fixed:
        return False
    from scipy.special import bdtrc

    return float(bdtrc(n_broken - 1, n_changed, 0.5)) < CHANCE


def got_better(n_broken: int, n_fixed: int) -> bool:
    """Say whether more answers were fixed than broken than chance alone would explain.

    The test of ``got_worse`` the other way round: what cannot show this has shown nothing.
    """
    return got_worse(n_broken=n_fixed, n_fixed=n_broken)


def count_changes(before: Ints, after: Ints, truth: Ints) -> tuple[int, int]:
    """Return how many answers were broken and how many fixed, where the truth is known (not -1)."""
    known = truth != NO_LABEL
    was_right, is_right = before == truth, after == truth
    n_broken = int(np.count_nonzero(known & was_right & ~is_right))
    n_fixed = int(np.count_nonzero(known & ~was_right & is_right))
    return n_broken, n_fixed
