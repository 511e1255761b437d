"""Accept what is above one common percentile of confidence, which falls with the rounds."""

from __future__ import annotations

import numpy as np

from annotate.protocols import NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates
from annotate.selection.settings import read_count


class Curriculum:
    """Accept, in round t, what is at or above the percentile 100 - step * t of all confidences.

    One threshold for all classes: a class that the teacher is unsure of waits for a late round.
    From round 100 / step on everything is accepted.

    Parameters
    ----------
    step : int or str
        Percentage points per round, 1 to 100; registered as ``curriculum:20``.

    References
    ----------
    Cascante-Bonilla et al. 2021, arXiv:2001.06001 (Curriculum Labeling), algorithm 1. Differs in
    that rounds go on where the paper stops, once everything is accepted.
    """

    needs = NO_NEEDS

    def __init__(self, step: int | str = 20) -> None:
        self.step = min(100, read_count(step, "The step of the curriculum"))
        self.name = f"curriculum:{self.step}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        percent = min(100, self.step * context.round_no)
        confidence = found.confidence
        lowest = np.percentile(confidence, 100 - percent) if len(confidence) else np.float32(0)
        accepted = confidence >= lowest
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", f"not in the most confident {percent}% of all"),
        )
