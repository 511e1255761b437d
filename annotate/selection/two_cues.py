"""Accept what two other teachers both say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.registry import split_in_two
from annotate.selection.candidates import ROWS_PER_BLOCK, find_candidates, read_rows


class TwoCues:
    """Accept an item if two predictions on record both have its class as their likeliest.

    The two speak of every round anew: their predictions stay as they are while students change, so
    a student's label must be what both say. An item that one of them has no answer for is rejected.

    Parameters
    ----------
    teachers : str
        Two names or ids of predictions, joined by ``+``; registered as
        ``two_cues:zero_shot+imported:sound``.

    References
    ----------
    The pattern of persistent self-supervised learning, in which a trusted cue labels for another.
    Ours: their agreement, without regard to how sure each is, decides what may be learnt from.
    """

    needs: frozenset[Need] = frozenset({"predictions"})

    def __init__(self, teachers: str | None = None) -> None:
        self._teachers = split_in_two(
            teachers, "selector two_cues", "two teachers", "two_cues:zero_shot+probe"
        )
        if self._teachers[0] == self._teachers[1]:
            raise ConfigError(
                f"The selector two_cues needs two different teachers; got {teachers}. Name another."
            )
        self.name = f"two_cues:{'+'.join(self._teachers)}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far.

        Raises
        ------
        UnknownNameError
            If one of the two has not predicted.
        ValueError
            If the context gives no predictions, or not over the items and classes of ``proba``.
        """
        found = find_candidates(proba, context)
        if context.predictions is None:
            raise ValueError(f"The selector {self.name} needs predictions in its context.")
        cues = [context.predictions(teacher) for teacher in self._teachers]
        for cue in cues:
            if cue.shape != proba.shape:
                raise ValueError(
                    f"Cues must have the shape of proba, {proba.shape}; got {cue.shape}."
                )
        first, second = (likeliest_class(cue, found.rows, context) for cue in cues)
        unanswered = (first == NO_LABEL) | (second == NO_LABEL)
        differ = first != second
        reasons = np.select([unanswered, differ, first != found.classes], [1, 2, 3], 0)
        accepted = reasons == 0
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=reasons.astype(np.int8),
            reason_names=(
                "accepted",
                "one of the two cues has no answer",
                "the two cues differ",
                "the two cues agree on another class",
            ),
        )


def likeliest_class(
    proba: Floats | Rows, rows: Ints, context: SelectionContext
) -> NDArray[np.int32]:
    """Return (len(rows),) the likeliest class that is not retired, -1 where there is no answer."""
    classes = np.empty(len(rows), dtype=np.int32)
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        block = read_rows(proba, rows[start : start + ROWS_PER_BLOCK], context)
        # All of an answer may lie in retired classes; then nothing is left of it.
        classes[start : start + len(block)] = np.where(
            block.max(axis=1) > 0, block.argmax(axis=1), NO_LABEL
        )
    return classes
