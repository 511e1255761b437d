"""Learning-rate schedules: the rate at a step, as a share of the highest."""

from __future__ import annotations

import math


def cosine(step: int, n_steps: int) -> float:
    """Return 1 at step 0, falling along half a cosine to 0 after ``n_steps``.

    References
    ----------
    Loshchilov & Hutter 2017, arXiv:1608.03983 (equation 5, without restarts).
    """
    return 0.5 * (1 + math.cos(math.pi * step / n_steps))


def warmed_cosine(step: int, n_steps: int, n_warm_up: int) -> float:
    """Return a rate that rises in ``n_warm_up`` equal steps to 1, then falls as ``cosine``."""
    if step < n_warm_up:
        return (step + 1) / n_warm_up
    return cosine(step - n_warm_up, n_steps - n_warm_up)
