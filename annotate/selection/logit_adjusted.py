"""Labels from probabilities that no longer prefer the teacher's favourite classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError
from annotate.protocols import NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates
from annotate.selection.claims import select_claims
from annotate.selection.growing_share import most_confident
from annotate.selection.reweighting import find_reweighed, mean_proba


class LogitAdjusted:
    """Accept a growing share after tau * ln(a class's mean probability) is taken from its logits.

    Of each class, by what is then the likeliest, the most confident t / I are accepted in round
    t of I. Rare classes gain labels, at the price of some of frequent ones: it aims at being right
    in every class alike, not at being right most often.

    Parameters
    ----------
    tau : float or str
        0 or more; 0 is ``growing_share``. Registered as ``logit_adjusted:1``.

    References
    ----------
    Menon et al. 2021, arXiv:2007.07314, equation 9 (post-hoc). Differs in that the shares are not
    those of training labels, which a zero-shot teacher has not and our balanced students do not
    learn, but what the teacher itself says on average, as in Wang et al. 2022, arXiv:2201.01490.
    """

    needs = NO_NEEDS

    def __init__(self, tau: float | str = 1.0) -> None:
        try:
            self.tau = float(tau)
        except ValueError:
            self.tau = -1.0
        if not 0 <= self.tau < np.inf:
            raise ConfigError(f"The tau of logit_adjusted must be 0 or more; got {tau!r}.")
        self.name = f"logit_adjusted:{self.tau:g}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, and the adjusted one where it is another."""
        factors = adjustment(mean_proba(proba, context), self.tau)
        adjusted = find_reweighed(proba, context, factors, relabel=True)
        share = min(1.0, context.round_no / context.n_rounds)
        return select_claims(
            find_candidates(proba, context),
            adjusted.classes,
            most_confident(adjusted, context.round_no, context.n_rounds),
            f"not in the most confident {share:.0%} of its class once adjusted",
        )


def adjustment(shares: Floats, tau: float) -> NDArray[np.float64]:
    """Return shares to the power of -tau; 0 for a class that has no share."""
    return np.power(shares, -tau, out=np.zeros(len(shares)), where=shares > 0)
