"""What a selection leaves without any label, told as warnings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotate.protocols import Selection

MOST_NAMED = 10


def warn_of_gaps(
    selection: Selection, class_names: Sequence[str], active: Sequence[int]
) -> list[str]:
    """Return one sentence if nothing, or nothing of some active class, is accepted; else [].

    Where no item was open there was nothing to accept, and nothing to warn of.

    Parameters
    ----------
    class_names : sequence of str
        By class number.
    active : sequence of int
        The classes that accept labels.
    """
    if len(selection.rows) == 0:
        return []
    counts = np.bincount(selection.classes[selection.accepted], minlength=len(class_names))
    if not selection.accepted.any():
        return [f"no pseudo-label was accepted; most often because: {_main_reason(selection)}"]
    empty = [class_names[number] for number in active if counts[number] == 0]
    if not empty:
        return []
    named = ", ".join(empty[:MOST_NAMED]) + (", ..." if len(empty) > MOST_NAMED else "")
    return [f"no pseudo-label was accepted of {len(empty)} of {len(active)} classes: {named}"]


def _main_reason(selection: Selection) -> str:
    n_each = np.bincount(selection.reasons, minlength=len(selection.reason_names))
    return selection.reason_names[int(n_each.argmax())]
