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


CONSTANT = 0.3  # of the highest rate
LEAST = 0.01
WARM_UP, COOL_DOWN, ANNEALING = 0.05, 0.15, 0.8  # where a phase ends, or begins, of all steps


def infinite(step: int, n_steps: int, *, goes_on: bool) -> float:
    """Return the rate of the infinite schedule, whose constant phase any number of rounds share.

    The first round warms up to 1 over 5 % of its steps and cools down to 0.3 until 15 %; from 80 %
    on the rate falls exponentially to 0.01, to ship what was learnt. A round that goes on does so
    from where the one before began to fall: its rate is constant from the beginning.

    Parameters
    ----------
    goes_on : bool
        Whether an earlier round was in the constant phase already.

    References
    ----------
    Singh et al. 2025, "Beyond cosine decay", arXiv:2503.02844. The rates of the constant phase and
    of the end are ours.
    """
    done = step / n_steps
    if done >= ANNEALING:
        return float(CONSTANT * (LEAST / CONSTANT) ** ((done - ANNEALING) / (1 - ANNEALING)))
    if goes_on or done >= COOL_DOWN:
        return CONSTANT
    if done < WARM_UP:
        return done / WARM_UP
    falling = (done - WARM_UP) / (COOL_DOWN - WARM_UP)
    return CONSTANT + (1 - CONSTANT) * 0.5 * (1 + math.cos(math.pi * falling))
