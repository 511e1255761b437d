"""Accept a growing share of what the teacher gives each class, the most confident first."""

from __future__ import annotations

import numpy as np

from annotate.protocols import NO_NEEDS, Bools, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import Candidates, find_candidates
from annotate.selection.quota import largest


class GrowingShare:
    """Accept, in round t of I, the most confident t / I of each class's items.

    An item belongs to its likeliest class. Every class that the teacher uses gets its share from
    the first round on, however unsure the teacher is of it, and unequal classes stay unequal: a
    quota of equal size would force wrong labels onto small ones.

    References
    ----------
    Cascante-Bonilla et al. 2021, arXiv:2001.06001 (Curriculum Labeling). Differs in that each class
    has its own threshold, as a common one starves the classes that the teacher is unsure of.
    """

    name = "growing_share"
    needs = NO_NEEDS

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        share = min(1.0, context.round_no / context.n_rounds)
        accepted = most_confident(found, context.round_no, context.n_rounds)
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", f"not in the most confident {share:.0%} of its class"),
        )


def most_confident(found: Candidates, round_no: int, n_rounds: int) -> Bools:
    """Return which pairs are among the most confident round_no / n_rounds of their class."""
    accepted = np.zeros(len(found.rows), dtype=np.bool_)
    for class_no in np.unique(found.classes):
        members = np.flatnonzero(found.classes == class_no)
        n_accepted = -(-len(members) * round_no // n_rounds)
        kept = largest(found.confidence[members], min(n_accepted, len(members)))
        accepted[members[kept]] = True
    return accepted
