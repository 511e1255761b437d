"""Accept what the rounds have been sure of, and of one mind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import (
    ROWS_PER_BLOCK,
    Candidates,
    active_classes,
    find_candidates,
    read_history,
    read_rows,
)

# Published: for CIFAR-10, of whose 20 rounds the first 7 are balanced.
LEAST_CONFIDENCE = 0.70
MOST_DEVIATION = 0.05
BALANCED_ROUNDS = 7 / 20
LEAST_PER_CLASS = 25


class UPS:
    """Accept a class whose probability over the rounds has a mean of 0.7 and hardly varies.

    Mean and standard deviation (at most 0.05) are over this round's teacher and all earlier ones.
    In the first 35 % of the rounds each class keeps as many as the smallest one accepts, at least
    25: those that varied least, of equal ones the most confident.

    References
    ----------
    Rizve et al. 2021, arXiv:2101.06329 (UPS), equation 4, positive labels only. Differs in where
    uncertainty comes from: theirs is the spread over ten passes with dropout, which a linear
    student on fixed features has not. Ours is the spread over rounds, so in the first round nothing
    is uncertain, and a first teacher with another scale of confidence than the students makes all
    of it uncertain.
    """

    name = "ups"
    needs: frozenset[Need] = frozenset({"history"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        mean, deviation = over_rounds(proba, context, found)
        sure, steady = mean >= LEAST_CONFIDENCE, deviation < MOST_DEVIATION
        accepted = sure & steady
        reasons = np.where(accepted, 0, np.where(sure, 2, 1))
        if context.round_no <= BALANCED_ROUNDS * context.n_rounds:
            steadiest = np.lexsort((-mean, deviation, found.classes))
            active = active_classes(context, proba.shape[1])
            kept = balance(found.classes, accepted, steadiest, active)
            reasons[accepted & ~kept] = 3
            accepted = kept
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=reasons.astype(np.int8),
            reason_names=(
                "accepted",
                f"mean confidence over the rounds below {LEAST_CONFIDENCE:g}",
                f"confidence varies by {MOST_DEVIATION:g} or more over the rounds",
                "its class has more than the smallest class",
            ),
        )


def over_rounds(
    proba: Floats | Rows, context: SelectionContext, found: Candidates
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation (n_considered,) of each pair's probability over rounds.

    A round without an answer for an item does not count for it.
    """
    means, deviations = np.empty_like(found.confidence), np.empty_like(found.confidence)
    for start in range(0, len(means), ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        rows, classes = found.rows[block], found.classes[block]
        rounds = (*read_history(proba, rows, context), read_rows(proba, rows, context))
        own = np.stack([said[np.arange(len(rows)), classes] for said in rounds])
        means[block] = np.nanmean(own, axis=0)
        deviations[block] = np.nanstd(own, axis=0)
    return means, deviations


def balance(classes: Ints, accepted: Bools, order: Ints, active: Bools) -> Bools:
    """Return which accepted pairs stay when every class has as many as the smallest.

    Parameters
    ----------
    classes : int array of shape (n,)
    accepted : bool array of shape (n,)
    order : int array of shape (n,)
        All pairs class by class, in each class the one to keep first at the front.
    active : bool array of shape (n_classes,)
    """
    counts = np.bincount(classes[accepted], minlength=len(active))
    n_kept = max(int(counts[active].min()), LEAST_PER_CLASS)
    in_turn = order[accepted[order]]
    starts = np.cumsum(counts) - counts
    place = np.arange(len(in_turn)) - starts[classes[in_turn]]
    kept = np.zeros(len(classes), dtype=np.bool_)
    kept[in_turn[place < n_kept]] = True
    return kept
