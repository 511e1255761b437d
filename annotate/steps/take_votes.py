"""Let the project's own teachers vote: the likeliest class of each stored prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL
from annotate.schema import refuse_several_classes
from annotate.steps.predicting import StoredProba, prediction_by
from annotate.steps.stored_votes import write_vote_set
from annotate.steps.workspace import Workspace

ROWS_PER_BLOCK = 65_536


@dataclass(frozen=True)
class TakeVotesReport:
    """Votes of teachers, by teacher."""

    set_name: str
    set_id: str
    n_votes: dict[str, int]


def take_votes(
    workspace: Workspace,
    teachers: Sequence[str],
    *,
    min_confidence: float = 0.0,
    name: str = "teachers",
) -> TakeVotesReport:
    """Store the likeliest class of each teacher's newest prediction as its vote.

    Parameters
    ----------
    teachers : sequence of str
        Names as `annotate predictions list` shows them.
    min_confidence : float
        0 to 1; a teacher that is less sure abstains.
    name : str
        The set of votes is called so.

    Raises
    ------
    UnknownNameError
        If a teacher has not predicted.
    ConfigError
        If the confidence is no share, or an item may have several classes.
    """
    refuse_several_classes(workspace.schema, "`annotate votes take`")
    if not 0 <= min_confidence <= 1:
        raise ConfigError(f"The confidence must be from 0 to 1; got {min_confidence}.")
    with workspace.running("votes take"):
        records = [prediction_by(workspace, teacher) for teacher in teachers]
        n_items = workspace.n_items()
        classes = np.full((n_items, len(teachers)), NO_LABEL, dtype=np.int16)
        for column, record in enumerate(records):
            proba = StoredProba(workspace.store, record["prediction_id"], workspace.schema)
            for start in range(0, proba.shape[0], ROWS_PER_BLOCK):
                block = proba.read(start, min(start + ROWS_PER_BLOCK, proba.shape[0]))
                sure = np.nan_to_num(block.max(axis=1), nan=-1.0) >= min_confidence
                likeliest = np.nan_to_num(block, nan=0.0).argmax(axis=1)
                classes[start : start + len(block), column] = np.where(sure, likeliest, NO_LABEL)
        details = {
            "predictions": [record["prediction_id"] for record in records],
            "min_confidence": min_confidence,
        }
        stored = write_vote_set(workspace, name, "teachers", list(teachers), classes, details)
    n_votes = np.count_nonzero(classes >= 0, axis=0).tolist()
    return TakeVotesReport(name, stored.array.array_id, dict(zip(teachers, n_votes, strict=True)))
