"""A threshold relative to the teacher's confidence on items whose labels it knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import ROWS_PER_BLOCK, find_candidates, read_rows
from annotate.selection.claims import select_claims
from annotate.selection.reweighting import find_reweighed, mean_proba
from annotate.selection.settings import read_share


class AdaMatch:
    """Accept, after alignment, what is nearly as confident as labelled items are on average.

    Alignment multiplies each class by its mean probability among labelled items over that among
    open ones, and may change the likeliest class. Accepted is what then reaches ``share`` of the
    mean confidence among labelled items. It takes them for a fair sample: if every class was given
    the same number of labels, alignment pulls the corpus to equal classes.

    Parameters
    ----------
    share : float or str
        0 to 1; registered as ``adamatch:0.95``.

    References
    ----------
    Berthelot et al. 2022, arXiv:2106.04732 (AdaMatch), section 3. Differs in that all means are
    those of the whole corpus in this round, for the reason given with ``freematch``. As there, a
    teacher taught by those labels is more confident about them than it should be.
    """

    needs = NO_NEEDS

    def __init__(self, share: float | str = 0.95) -> None:
        self.share = read_share(share, "The threshold of adamatch")
        self.name = f"adamatch:{self.share:g}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, and the aligned one where it is another.

        Raises
        ------
        NotReadyError
            If no item has a label that may teach and an answer.
        """
        labelled_means, mean_confidence = labelled_proba(proba, context)
        open_means = mean_proba(proba, context)
        factors = np.divide(
            labelled_means, open_means, out=np.zeros(len(open_means)), where=open_means > 0
        )
        aligned = find_reweighed(proba, context, factors, relabel=True)
        return select_claims(
            find_candidates(proba, context),
            aligned.classes,
            aligned.confidence >= np.float32(self.share * mean_confidence),
            f"confidence below {self.share:.0%} of the mean among labelled items",
        )


def labelled_proba(
    proba: Floats | Rows, context: SelectionContext
) -> tuple[NDArray[np.float64], float]:
    """Return the mean probabilities (n_classes,) and the mean confidence of labelled items."""
    labelled = np.flatnonzero(context.teaching != NO_LABEL)
    total, confidence, n_answered = np.zeros(proba.shape[1]), 0.0, 0
    for start in range(0, len(labelled), ROWS_PER_BLOCK):
        block = read_rows(proba, labelled[start : start + ROWS_PER_BLOCK], context)
        block = block[~np.isnan(block[:, 0])]
        total += block.sum(axis=0, dtype=np.float64)
        confidence += float(block.max(axis=1, initial=0).sum(dtype=np.float64))
        n_answered += len(block)
    if n_answered == 0:
        raise NotReadyError(
            "The selector adamatch compares with labelled items; there are none that may teach."
            " Give some (`annotate review` or `annotate labels import`), or use freematch."
        )
    return total / n_answered, confidence / n_answered
