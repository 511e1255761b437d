"""Which given labels a training leaves out, to tell when it was best."""

from __future__ import annotations

import numpy as np

from annotate.compute.seeding import seeded_generator
from annotate.protocols import Bools, Ints

ONE_IN = 5


def held_out(y: Ints, given: Bools, seed: int) -> Bools:
    """Return True for one in five given labels of each class that has five or more.

    These are not the labels that measure a round: what chooses the best of several weights must not
    judge them too.

    Parameters
    ----------
    y : int array of shape (n_rows,)
        Class numbers, 0 or more.
    given : bool array of shape (n_rows,)
        False for pseudo-labels, which are never held out.
    """
    out = np.zeros(len(y), dtype=bool)
    for number in np.unique(y[given]):
        rows = np.flatnonzero(given & (y == number))
        drawn = seeded_generator(seed, "held out", int(number)).permutation(rows)
        out[drawn[: len(rows) // ONE_IN]] = True
    return out
