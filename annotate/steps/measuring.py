"""How a prediction does on the labels that measure: held-back gold and spot-check answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools
from annotate.quality.calibration import expected_calibration_error
from annotate.steps.given_labels import GivenLabels
from annotate.steps.predicting import StoredProba
from annotate.steps.workspace import Workspace


@dataclass(frozen=True)
class Measurement:
    """A prediction on the measuring items, in order of item_no; an item without answer is wrong."""

    right: Bools
    confidence: NDArray[np.float32]

    def as_json(self) -> dict[str, Any]:
        """Return the figures that are recorded with a round."""
        n_right = int(self.right.sum())
        return {
            "n": len(self.right),
            "n_right": n_right,
            "accuracy": n_right / len(self.right),
            "ece": float(expected_calibration_error(self.confidence, self.right)),
        }


def measure(workspace: Workspace, given: GivenLabels, prediction_id: str) -> Measurement | None:
    """Return how a stored prediction does, None where no label measures."""
    rows = np.flatnonzero(given.measuring != NO_LABEL)
    if len(rows) == 0:
        return None
    proba = StoredProba(workspace.store, prediction_id, workspace.schema).take(rows)
    answered = ~np.isnan(proba[:, 0])
    proba = np.nan_to_num(proba)
    right = answered & (proba.argmax(axis=1) == given.measuring[rows])
    return Measurement(right, proba.max(axis=1))
