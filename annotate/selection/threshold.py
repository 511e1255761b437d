"""Accept what the teacher is sure of."""

from __future__ import annotations

import numpy as np

from annotate.protocols import NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates
from annotate.selection.settings import read_share


class Threshold:
    """Accept each item's likeliest class if its probability is at least ``minimum``.

    Simple, and as good as the teacher's calibration: a class the teacher is unsure of may get
    nothing at all.

    Parameters
    ----------
    minimum : float or str
        0 to 1; registered as ``threshold:0.9``.
    """

    needs = NO_NEEDS

    def __init__(self, minimum: float | str = 0.9) -> None:
        self.minimum = read_share(minimum, "The threshold")
        self.name = f"threshold:{self.minimum:g}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class."""
        found = find_candidates(proba, context)
        accepted = found.confidence >= self.minimum
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", f"confidence below {self.minimum:g}"),
        )
