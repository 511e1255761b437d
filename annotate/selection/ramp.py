"""Let pseudo-labels weigh little at first."""

from __future__ import annotations

from math import atan, pi

import numpy as np

from annotate.errors import ConfigError
from annotate.protocols import NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates
from annotate.selection.settings import read_share


class Ramp:
    """Accept everything, with a weight that grows with the rounds; made for the end of a chain.

    A pseudo-label weighs that much of what it would otherwise. Without given labels it changes
    nothing, as only proportions count.

    Parameters
    ----------
    weight : str or float
        ``arctan``, or a constant above 0 and up to 1; registered as ``ramp:arctan``, ``ramp:0.1``.

    References
    ----------
    CDFSL-V (Samarasinghe et al. 2023, arXiv:2309.03989): the weight of the unsupervised loss,
    ``arctan_weight``, from the formula; the published script sets it to 1.
    """

    needs = NO_NEEDS

    def __init__(self, weight: float | str = "arctan") -> None:
        self.weight = None if weight == "arctan" else read_share(weight, "The weight of a ramp")
        if self.weight == 0:
            raise ConfigError(
                "The weight of a ramp must be above 0; got 0. Leave the pseudo-labels out instead:"
                " `annotate train --rounds 0`."
            )
        self.name = "ramp:arctan" if self.weight is None else f"ramp:{self.weight:g}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        weight = self.weight
        if weight is None:
            weight = arctan_weight((context.round_no - 1) / context.n_rounds)
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=np.ones(len(found.rows), dtype=np.bool_),
            weights=np.full(len(found.rows), weight, dtype=np.float32),
            reasons=np.zeros(len(found.rows), dtype=np.int8),
        )


def arctan_weight(progress: float) -> float:
    """Return 0.05 (1 + 2 / pi atan(10 (progress - 0.05))): from 0.035 at 0 to 0.097 at 1."""
    return 0.05 * (1 + 2 / pi * atan(10 * (progress - 0.05)))
