"""FlexMatch, for labels that the rounds before supported too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import (
    ROWS_PER_BLOCK,
    active_classes,
    find_candidates,
    read_history,
    read_rows,
)
from annotate.selection.flexmatch import class_thresholds
from annotate.selection.settings import read_share

# Published: the weight of the newest margin is this over the number of rounds, and of the margins
# of wrong labels 95 % must lie below what is accepted.
SMOOTHNESS = 0.997
PERCENTILE = 95
WRONG_SHARE = 100  # one wrong label for so many items
LEAST_WRONG = 100
LEAST_PROBABILITY = 1e-7


class MarginMatch:
    """Accept what FlexMatch accepts and whose average margin is above that of wrong labels.

    The margin of a label is the difference of its log-probability and that of the likeliest other
    class, averaged over the rounds: a label that earlier teachers spoke against has a low one. What
    a wrong label's average margin can be is measured on 1 % of the open items, 100 at least, each
    with a class drawn from all but its likeliest: 95 % of those must lie below.

    Parameters
    ----------
    minimum : float or str
        FlexMatch's highest threshold, 0 to 1; registered as ``marginmatch:0.95``.

    References
    ----------
    Sosea & Caragea 2023, arXiv:2308.09037 (MarginMatch), section 3. Two differences. Their wrong
    labels are a class of their own that the network is trained on; a selector trains nothing, so
    ours are drawn. And their code sorts those margins from high to low and takes the one at 95 %,
    which is a low one that nearly every label passes; we take the high one, as Pleiss et al. 2020,
    arXiv:2001.10528, from whom the idea comes.
    """

    needs: frozenset[Need] = frozenset({"history"})

    def __init__(self, minimum: float | str = 0.95) -> None:
        self.minimum = read_share(minimum, "The threshold of marginmatch")
        self.name = f"marginmatch:{self.minimum:g}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        lowest = class_thresholds(proba, context, self.minimum)
        confident = found.confidence >= lowest[found.classes]
        margins = average_margins(proba, context, found.rows, found.classes)
        supported = margins >= wrong_margin(proba, context)
        accepted = confident & supported
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=np.where(accepted, 0, np.where(confident, 2, 1)).astype(np.int8),
            reason_names=(
                "accepted",
                "confidence below its class's threshold",
                "average margin over the rounds no better than a wrong label's",
            ),
        )


def average_margins(
    proba: Floats | Rows, context: SelectionContext, rows: Ints, classes: Ints
) -> NDArray[np.float32]:
    """Return (n,) the average margin of a class of each item, over the rounds that answered.

    From a = 0 on, each round t makes it w * margin + (1 - w) * a with w = 0.997 / t: nearly the
    plain mean.
    """
    averages = np.zeros(len(rows), dtype=np.float32)
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        average = averages[block]
        n_before = np.zeros(len(average), dtype=np.int64)
        now = read_rows(proba, rows[block], context)
        for said in (*read_history(proba, rows[block], context), now):
            answered = ~np.isnan(said[:, 0])
            weight = np.where(answered, SMOOTHNESS / (1 + n_before), 0)
            margin = np.where(answered, _margins(said, classes[block]), 0)
            average += weight * (margin - average)
            n_before += answered
    return averages


def wrong_margin(proba: Floats | Rows, context: SelectionContext) -> float:
    """Return the average margin below which 95 % of drawn wrong labels lie."""
    pool = find_candidates(proba, replace(context, candidates=None)).rows
    n_active = int(active_classes(context, proba.shape[1]).sum())
    n_drawn = min(len(pool), max(LEAST_WRONG, len(pool) // WRONG_SHARE))
    if n_drawn == 0 or n_active < 2:
        return -np.inf
    rng = np.random.default_rng(context.seed)
    rows = np.sort(rng.choice(pool, n_drawn, replace=False))
    # By place in the order of likelihood, so that classes may be numbered in any way.
    places = rng.integers(1, n_active, size=n_drawn)
    likeliest_first = np.argsort(-read_rows(proba, rows, context), axis=1, kind="stable")
    wrong = likeliest_first[np.arange(n_drawn), places]
    return float(np.percentile(average_margins(proba, context, rows, wrong), PERCENTILE))


def _margins(proba: NDArray[np.float32], classes: Ints) -> NDArray[np.float32]:
    each = np.arange(len(proba))
    own = proba[each, classes]
    others = proba.copy()
    others[each, classes] = 0
    best_other = others.max(axis=1)
    return np.log(np.maximum(own, LEAST_PROBABILITY)) - np.log(
        np.maximum(best_other, LEAST_PROBABILITY)
    )
