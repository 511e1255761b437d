"""The answers that measure, whatever asked for them: held-back gold, spot check and audit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools
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
    audit = audited(given) & (given.human.labels != NO_LABEL) & (given.measuring == NO_LABEL)
    truth = given.measuring.copy()
    truth[audit] = given.human.labels[audit]
    is_gold = (given.measuring != NO_LABEL) & ~given.spot_check
    spot_check = given.spot_check & (given.measuring != NO_LABEL)
    return MeasuredAnswers(truth, is_gold, spot_check, audit)


def audited(given: GivenLabels) -> Bools:
    """Return (n_items,) True for the items that were answered for an audit, all of it blind."""
    was_audited = np.zeros(len(given.current), dtype=bool)
    for answers in (given.human.standing, given.human.rulings):
        of_audit = answers[answers["purpose"] == "audit"]
        was_audited[of_audit["item_no"].to_numpy(dtype=np.int64)] = True
    return was_audited & ~given.human.led & ~given.dropped
