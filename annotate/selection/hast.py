"""Accept what most neighbours agree with, at a weight that rare classes get more of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annotate.errors import NotReadyError
from annotate.protocols import Bools, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.agreement import vote_shares
from annotate.selection.candidates import active_classes, find_candidates

# Published.
N_VOTERS = 14
LEAST_SHARE = 0.5
LEAST_CONFIDENCE = 0.5
PSEUDO_WEIGHT = 0.1
HIGHEST_FACTOR = 10


class HAST:
    """Accept a class of confidence above 0.5 that more than half of 14 nearest neighbours have.

    Neighbours vote as for the selector ``agreement``. An accepted item of class c weighs 0.1 times
    alpha_c, with alpha_c = 10 / (1 + exp(-r)), r = (mean - n_c) / n_c, n_c items accepted of the
    class and their mean over the classes: 0.5 where classes are balanced, nearly 1 for a rare one,
    0.27 at least.

    References
    ----------
    Schröder & Heyer 2024 (HAST), EMNLP. Differs in that given labels vote too, that all items are
    looked at instead of a sample of 16,384, and that the mean is not rounded down, which makes
    alpha jump where few are accepted. Weights stay relative to a given label's 1: theirs are
    divided by their sum, at which a regularised student learns nothing.
    """

    name = "hast"
    needs: frozenset[Need] = frozenset({"neighbours"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far.

        Raises
        ------
        NotReadyError
            If the context has no neighbours.
        """
        if context.neighbours is None:
            raise NotReadyError(
                f"The selector {self.name} needs each item's neighbours, which come from features;"
                " there are none. Run `annotate embed` first."
            )
        found = find_candidates(proba, context)
        predicted = find_candidates(proba, replace(context, candidates=None))
        votes = context.teaching.astype(np.int32)
        votes[predicted.rows] = predicted.classes
        # A class that more than half vote for is the neighbours' majority label.
        agrees = vote_shares(found, votes, context.neighbours[:, :N_VOTERS]) > LEAST_SHARE
        sure = found.confidence > LEAST_CONFIDENCE
        accepted = agrees & sure
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=pseudo_weights(
                found.classes, accepted, active_classes(context, proba.shape[1])
            ),
            reasons=np.where(accepted, 0, np.where(agrees, 2, 1)).astype(np.int8),
            reason_names=(
                "accepted",
                "not the class of more than half of its neighbours",
                f"confidence not above {LEAST_CONFIDENCE:g}",
            ),
        )


def pseudo_weights(classes: Ints, accepted: Bools, active: Bools) -> NDArray[np.float32]:
    """Return (n,) the weight of each pair, 0 where it is not accepted.

    Parameters
    ----------
    classes : int array of shape (n,)
    accepted : bool array of shape (n,)
    active : bool array of shape (n_classes,)
        The mean is over these classes.
    """
    counts = np.bincount(classes[accepted], minlength=len(active))
    mean = counts.sum() / max(int(active.sum()), 1)
    # A class without accepted items needs no factor, only a number that can be divided by.
    rarity = (mean - counts) / np.maximum(counts, 1)
    factors = HIGHEST_FACTOR / (1 + np.exp(-rarity))
    return np.where(accepted, PSEUDO_WEIGHT * factors[classes], 0).astype(np.float32)
