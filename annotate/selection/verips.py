"""Accept what the teacher is certain of and the round before said too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, Floats, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import (
    ROWS_PER_BLOCK,
    Candidates,
    active_classes,
    find_candidates,
    read_history,
    read_rows,
)
from annotate.selection.uncertainty import normalised_entropy

LEAST_CERTAINTY = 0.9  # published


class VERIPS:
    """Accept a class if 1 - H(p) / ln C is 0.9 or more and the last round's likeliest is the same.

    H is the entropy of an item's probabilities, C the number of classes in use. Where the last
    round had no answer, or in the first one, entropy alone decides.

    References
    ----------
    VERIPS as reproduced by Schröder & Heyer 2024 (HAST), EMNLP. Differs in what verifies: they
    refit on the given labels and look whether the class changes; a selector trains nothing, so ours
    looks at the round before.
    """

    name = "verips"
    needs: frozenset[Need] = frozenset({"history"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        certain, unchanged = _verify(proba, context, found)
        accepted = certain & unchanged
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=np.where(accepted, 0, np.where(certain, 2, 1)).astype(np.int8),
            reason_names=(
                "accepted",
                f"certainty by entropy below {LEAST_CERTAINTY:g}",
                "the last round said another class",
            ),
        )


def _verify(
    proba: Floats | Rows, context: SelectionContext, found: Candidates
) -> tuple[Bools, Bools]:
    """Return (n_considered,) which are certain, and which the last round said too."""
    n_active = int(active_classes(context, proba.shape[1]).sum())
    certain = np.zeros(len(found.rows), dtype=np.bool_)
    unchanged = np.ones(len(found.rows), dtype=np.bool_)
    for start in range(0, len(certain), ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        rows = found.rows[block]
        spread = normalised_entropy(read_rows(proba, rows, context), n_active)
        certain[block] = 1 - spread >= LEAST_CERTAINTY
        unchanged[block] = _said_before(proba, context, rows, found.classes[block])
    return certain, unchanged


def _said_before(
    proba: Floats | Rows,
    context: SelectionContext,
    rows: NDArray[np.int32],
    classes: NDArray[np.int32],
) -> Bools:
    *_, last = (None, *read_history(proba, rows, context))
    if last is None:
        return np.ones(len(rows), dtype=np.bool_)
    silent = np.isnan(last).any(axis=1)
    said: Bools = silent | (np.nan_to_num(last).argmax(axis=1) == classes)
    return said
