"""Expected corrections: the items whose answer should set most labels of the corpus right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints
from annotate.review.orders.context import OrderContext
from annotate.review.orders.typical import TypicalOrder
from annotate.review.prediction_summary import PredictionSummary

# How chosen: docs/methods.md, "expected_corrections".
FIRST_TYPICAL = 20
TYPICAL_AMONG = 8_000
N_NEIGHBOURS = 10
# Items chosen one by one, each knowing those before it; the rest follow by their own gain.
N_CHOSEN = 200
N_CONSIDERED = 4_000
# What a neighbour's answer leaves to be learnt from an item.
LEFT_BY_NEIGHBOUR = 0.7


class ExpectedCorrectionsOrder:
    """Ask what is probably wrong and lies among what is probably wrong.

    An answer corrects its item with the probability that the prediction errs, 1 - confidence, and
    makes the student see items like it anew, of which those are worth it that are in doubt too:

        gain_i = d_i * (1 + mean of d_j over the 10 items nearest to i),  d = 1 - confidence

    where labelled items have d = 0. The first 200 are chosen one by one: each leaves its neighbours
    0.7 of their gain, so that one doubtful spot is not asked about all at once.

    Until 20 answers train, ``typical`` items come first: doubt says where answers change a model,
    not how frequent the classes are nor which teacher is right about most items, and answers to
    nothing but doubtful items mislead whoever learns from so few. Items that the prediction has no
    answer for come last, shuffled.

    Until neighbours have been found, which training does, an item's own doubt counts alone. Best
    after a teacher whose confidence answers have calibrated, such as ``stacked``.

    References
    ----------
    The expectation is that of Roy & McCallum 2001, "Toward optimal active learning through sampling
    estimation of error reduction", with neighbours in place of a model taught anew for every item
    and class. Weighing doubt by that of what is near is the information density of Settles & Craven
    2008, "An analysis of active learning strategies for sequence labeling tasks".
    """

    because = "its answer should teach most"
    needs_prediction = False
    includes_labelled = False

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return first typical rows while labels are few, then all by gain, descending."""
        typical = _first_typical(summary, context)
        rest = np.setdiff1d(context.rows, typical, assume_unique=True)
        has_answer = summary.answered[rest]
        by_gain = _rank_by_gain(summary, replace(context, rows=rest[has_answer]))
        generator = seeded_generator(context.seed, "queue without prediction")
        return np.concatenate([typical, by_gain, generator.permutation(rest[~has_answer])])


def _first_typical(summary: PredictionSummary, context: OrderContext) -> Ints:
    """Return as many typical rows as labels are missing; none where items have no features."""
    n_missing = FIRST_TYPICAL - int((context.labels != NO_LABEL).sum())
    if n_missing <= 0:
        return context.rows[:0]
    generator = seeded_generator(context.seed, "typical among")
    n_among = min(TYPICAL_AMONG, len(context.rows))
    among = np.sort(generator.choice(context.rows, n_among, replace=False))
    try:
        has_features = ~np.isnan(context.sources.features().take(among)[:, 0])
    except NotReadyError:
        return context.rows[:0]
    return TypicalOrder().rank(summary, replace(context, rows=among[has_features]))[:n_missing]


def _rank_by_gain(summary: PredictionSummary, context: OrderContext) -> Ints:
    """Return the rows by gain, descending; equal ones keep item order."""
    neighbours = _known_neighbours(context)
    doubt = np.zeros(len(context.labels), dtype=np.float32)
    doubt[context.rows] = 1 - summary.confidence[context.rows]
    gain = expected_corrections(doubt, neighbours, context.rows)
    by_gain = np.argsort(-gain, kind="stable")
    first = by_gain[:N_CONSIDERED]
    chosen = first[spread_out(gain[first], neighbours[context.rows[first]], context.rows[first])]
    is_chosen = np.zeros(len(gain), dtype=bool)
    is_chosen[chosen] = True
    return context.rows[np.concatenate([chosen, by_gain[~is_chosen[by_gain]]])]


def _known_neighbours(context: OrderContext) -> Ints:
    """Return (n_items, up to 10), without columns where no neighbours have been found."""
    try:
        return context.sources.neighbours(N_NEIGHBOURS)
    except NotReadyError:
        return np.zeros((len(context.labels), 0), dtype=np.int64)


def expected_corrections(doubt: Floats, neighbours: Ints, rows: Ints) -> NDArray[np.float32]:
    """Return the gain of each row's answer, in labels: its own and what its neighbours hope for.

    Parameters
    ----------
    doubt : float array of shape (n_items,)
        0 to 1; 0 for what has an answer.
    neighbours : int array of shape (n_items, k)
    rows : int array of shape (n_rows,)
        The items that may be asked.
    """
    near = np.zeros(len(rows), dtype=np.float32)
    for column in range(neighbours.shape[1]):
        near += doubt[neighbours[rows, column]]
    gain = doubt[rows] * (1 + near / max(neighbours.shape[1], 1))
    return gain.astype(np.float32)


def spread_out(gain: Floats, neighbours: Ints, rows: Ints) -> Ints:
    """Return the positions of up to 200 items, the greatest gain left first.

    Parameters
    ----------
    gain : float array of shape (n,)
    neighbours : int array of shape (n, k)
        The items nearest to each.
    rows : int array of shape (n,)
        Which item each is.
    """
    position = {int(row): place for place, row in enumerate(rows)}
    left = np.asarray(gain, dtype=np.float64).copy()
    chosen = []
    for _ in range(min(N_CHOSEN, len(left))):
        best = int(left.argmax())
        chosen.append(best)
        left[best] = -np.inf
        near = [position[row] for row in neighbours[best].tolist() if row in position]
        left[near] *= LEFT_BY_NEIGHBOUR
    return np.array(chosen, dtype=np.intp)
