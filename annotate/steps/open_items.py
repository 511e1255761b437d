"""Which items need an answer, which of them a blind one, and which deserve another one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from annotate.protocols import NO_LABEL, Bools
from annotate.review.measuring import is_blind
from annotate.review.prediction_summary import PredictionSummary
from annotate.schema import Schema
from annotate.steps.given_labels import GivenLabels


def open_mask(given: GivenLabels, reviewer: str = "", overlap: int = 1) -> Bools:
    """Return (n_items,) True for the items that still need an answer by ``reviewer``.

    Not those that ``overlap`` people answered, or this one; nor those with a label ruled or
    derived, with gold, or dropped.
    """
    human = given.human
    if overlap == 1:
        is_open = ~human.decided
    else:
        standing = human.standing
        items = standing["item_no"].to_numpy(dtype=np.int64)
        is_open = np.bincount(items, minlength=len(given.current)) < overlap
        own = standing[standing["reviewer"] == reviewer]
        for closed in (human.rulings, human.derivations, own):
            is_open[closed["item_no"].to_numpy(dtype=np.int64)] = False
    return is_open & ~given.dropped & ~_has_gold(given)


def blind_mask(
    given: GivenLabels, asked_first: pd.DataFrame, reviewer: str = "", overlap: int = 1
) -> Bools:
    """Return (n_items,) True for the items that ``reviewer`` is to answer, or to rule on, blind.

    These are open, or in conflict. No filter, gallery or map may tell what a model thinks of them.

    Parameters
    ----------
    asked_first : DataFrame
        item_no and reason of the items that a step asked for.
    reviewer, overlap
        As in ``open_mask``.
    """
    blind = np.zeros(len(given.current), dtype=bool)
    measures = asked_first["reason"].map(is_blind).to_numpy(dtype=bool)
    blind[asked_first["item_no"].to_numpy(dtype=np.int64)[measures]] = True
    return blind & (open_mask(given, reviewer, overlap) | given.human.conflict)


def doubt_mask(given: GivenLabels, summary: PredictionSummary, schema: Schema) -> Bools:
    """Return (n_items,) True for the items whose label deserves another look.

    In doubt is a label that trains and that the prediction contradicts, as long as two have not
    vouched for it: gold and a person, two people, or one who said it twice. Else the same item
    would come back for ever. What measures is never in doubt: to look again only where a model
    differs would make the model look better than it is.
    """
    in_doubt = (given.training != NO_LABEL) & schema.class_active[given.training]
    in_doubt &= summary.answered & (summary.predicted != given.training)
    in_doubt &= given.human.n_acts + _has_gold(given) < 2
    in_doubt[given.human.rulings["item_no"].to_numpy(dtype=np.int64)] = False
    return in_doubt


def _has_gold(given: GivenLabels) -> Bools:
    has_gold = np.zeros(len(given.current), dtype=bool)
    has_gold[given.gold["item_no"].to_numpy(dtype=np.int64)] = True
    return has_gold
