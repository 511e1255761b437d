"""Pairs of an item and a class that is not its likeliest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, Ints, Selection
from annotate.selection.candidates import Candidates


def with_claims(likeliest: Candidates, wanted: Ints) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return rows and classes of every item's likeliest class, and of the other one wanted for it.

    Parameters
    ----------
    likeliest : Candidates
    wanted : int array of shape (n_considered,)
        A class for each of its rows, -1 = none.
    """
    others = np.flatnonzero((wanted >= 0) & (wanted != likeliest.classes))
    rows = np.concatenate([likeliest.rows, likeliest.rows[others]])
    classes = np.concatenate([likeliest.classes, wanted[others]])
    order = np.lexsort((classes, rows))
    return rows[order], classes[order]


def select_claims(
    likeliest: Candidates, wanted: Ints, accepted: Bools, rejected_because: str
) -> Selection:
    """Return a selection in which each item may only get the class wanted for it.

    Parameters
    ----------
    likeliest : Candidates
    wanted : int array of shape (n_considered,)
        A class for each of its rows.
    accepted : bool array of shape (n_considered,)
        Whether that class is accepted.
    rejected_because : str
        Why it is not.
    """
    rows, classes = with_claims(likeliest, wanted)
    own = np.searchsorted(likeliest.rows, rows)
    is_wanted = classes == wanted[own]
    is_accepted = is_wanted & accepted[own]
    return Selection(
        rows=rows,
        classes=classes,
        accepted=is_accepted,
        weights=is_accepted.astype(np.float32),
        reasons=np.where(is_accepted, 0, np.where(is_wanted, 1, 2)).astype(np.int8),
        reason_names=("accepted", rejected_because, "another class is likelier once adjusted"),
    )
