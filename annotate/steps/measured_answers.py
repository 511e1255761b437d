"""The answers that measure, whatever asked for them: held-back gold, spot check and audit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools
from annotate.review.decision_rules import LABELLING
from annotate.steps.given_labels import GivenLabels


@dataclass(frozen=True)
class MeasuredAnswers:
    """The true class of items that measure, as far as people know it.

    Attributes
    ----------
    truth : int32 array of shape (n_items,)
        -1 where nothing measures.
    gold, spot_check, audit : bool arrays of shape (n_items,)
        Where the truth comes from; no item is in two of them.
    """

    truth: NDArray[np.int32]
    gold: Bools
    spot_check: Bools
    audit: Bools


def measured_answers(given: GivenLabels) -> MeasuredAnswers:
    """Return every answer that measures and never trained, tuned or chose a round's labels.

    Held-back gold and the spot check also decide when rounds stop; an audit decides nothing.
    """
    standing = given.human.standing
    audited = standing[(standing["purpose"] == "audit") & standing["kind"].isin(LABELLING)]
    audit = np.zeros(len(given.current), dtype=bool)
    audit[audited["item_no"].to_numpy(dtype=np.int64)] = True
    audit &= (given.human.labels != NO_LABEL) & (given.measuring == NO_LABEL) & ~given.dropped
    truth = given.measuring.copy()
    truth[audit] = given.human.labels[audit]
    is_gold = (given.measuring != NO_LABEL) & ~given.spot_check
    spot_check = given.spot_check & (given.measuring != NO_LABEL)
    return MeasuredAnswers(truth, is_gold, spot_check, audit)
