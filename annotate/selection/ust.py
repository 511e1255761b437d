"""Draw as many of each class, rather those on which the rounds agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.protocols import Bools, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import (
    ROWS_PER_BLOCK,
    Candidates,
    active_classes,
    find_candidates,
    read_history,
    read_rows,
)
from annotate.selection.uncertainty import normalised_entropy

# Published.
PER_CLASS = 30
WEIGHT_FACTOR = 0.1
LEAST_WEIGHT = 0.4
LEAST_VARIANCE = 1e-8


class UST:
    """Draw 30 items of each class, in proportion to how far the rounds agree on them.

    Agreement is 1 - BALD, 0 at least: BALD is the entropy of the mean of the rounds' probabilities
    minus their mean entropy. An item weighs 0.1 * ln(1 / variance of its class's probability), 0.4
    at least and 1.84 where no round differs.

    References
    ----------
    UST (Mukherjee & Awadallah 2020) as reproduced by Schröder & Heyer 2024 (HAST), EMNLP. Differs
    in that rounds stand for the ten passes with dropout, which a linear student has not: in the
    first round all are alike. Draws from all items, not from a sample of 16,384.
    """

    name = "ust"
    needs: frozenset[Need] = frozenset({"history"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        scores, variances = over_rounds(proba, context, found)
        generator = seeded_generator(context.seed, "ust", context.round_no)
        accepted = draw(found.classes, scores, generator)
        weights = np.maximum(WEIGHT_FACTOR * -np.log(variances + LEAST_VARIANCE), LEAST_WEIGHT)
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=np.where(accepted, weights, 0).astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", f"not among the {PER_CLASS} drawn of its class"),
        )


def over_rounds(
    proba: Floats | Rows, context: SelectionContext, found: Candidates
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n_considered,) 1 - BALD, 0 at least, and the variance of each pair's probability.

    A round without an answer for an item does not count for it.
    """
    n_active = int(active_classes(context, proba.shape[1]).sum())
    in_nats = np.log(max(n_active, 1))
    scores, variances = np.empty(len(found.rows)), np.empty(len(found.rows))
    for start in range(0, len(scores), ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        rows, each = found.rows[block], np.arange(len(found.rows[block]))
        rounds = (*read_history(proba, rows, context), read_rows(proba, rows, context))
        total, n_rounds = np.zeros(rounds[0].shape), np.zeros(len(rows))
        entropies = np.zeros(len(rows))
        for said in rounds:
            answered = np.isfinite(said[:, 0])
            total += np.where(answered[:, None], said, 0)
            entropies += np.where(answered, normalised_entropy(said, n_active), 0)
            n_rounds += answered
        mean_entropy = entropies / n_rounds
        bald = (normalised_entropy(total, n_active) - mean_entropy) * in_nats
        scores[block] = np.maximum(0, 1 - bald)
        own = np.stack([said[each, found.classes[block]] for said in rounds])
        variances[block] = np.nanvar(own.astype(np.float64), axis=0)
    return scores, variances


def draw(classes: Ints, scores: Floats, generator: np.random.Generator) -> Bools:
    """Return (n,) which are drawn: 30 of each class, without putting back, by score.

    The smallest of exponential numbers over scores are such a draw (Efraimidis & Spirakis 2006).
    """
    waits = generator.exponential(size=len(scores))
    may = np.flatnonzero(scores > 0)
    order = may[np.lexsort((waits[may] / scores[may], classes[may]))]
    counts = np.bincount(classes[order])
    starts = np.cumsum(counts) - counts
    place = np.arange(len(order)) - starts[classes[order]]
    drawn = np.zeros(len(scores), dtype=np.bool_)
    drawn[order[place < PER_CLASS]] = True
    return drawn
