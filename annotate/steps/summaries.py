"""How sure a stored prediction is of each item: read once, then kept where reading takes long."""

from __future__ import annotations

import numpy as np

from annotate.review.prediction_summary import PredictionSummary, summarise_prediction
from annotate.schema import Schema
from annotate.steps.predicting import StoredProba
from annotate.steps.workspace import Workspace
from annotate.store.arrays import create_array, find_array

KIND = "summaries"
# Fewer probabilities are summarised faster than they are worth a file of their own.
KEEP_FROM_VALUES = 50_000_000
_PART_ROWS = 65_536
_FIELDS = ("predicted", "confidence", "margin", "entropy")


def prediction_summary(
    workspace: Workspace, prediction_id: str, schema: Schema, n_items: int
) -> PredictionSummary:
    """Return the summary of a stored prediction over the items there are now.

    That of a large one is kept beside it: a billion probabilities take half a minute to read, and
    the review page should not wait for that each time it is opened.
    """
    proba = StoredProba(workspace.store, prediction_id, schema)
    n_predicted, n_columns = proba.shape
    if n_predicted * n_columns < KEEP_FROM_VALUES:
        return summarise_prediction(proba, n_items, schema.class_active)
    array_id = f"{prediction_id}-v{schema.version}"
    kept = find_array(workspace.store, KIND, array_id)
    if kept is None or kept.n_rows < n_predicted:
        _keep(workspace, array_id, summarise_prediction(proba, n_predicted, schema.class_active))
        kept = find_array(workspace.store, KIND, array_id)
    assert kept is not None
    values = np.full((n_items, len(_FIELDS)), np.nan, dtype=np.float32)
    n_covered = min(n_items, n_predicted)
    values[:n_covered] = kept.read(0, n_covered)
    predicted, confidence, margin, entropy = np.ascontiguousarray(values.T)
    no_answer = np.isnan(confidence)
    return PredictionSummary(
        np.where(no_answer, -1, predicted).astype(np.int32), confidence, margin, entropy
    )


def _keep(workspace: Workspace, array_id: str, summary: PredictionSummary) -> None:
    # Class numbers are below 4,096: float32 holds them exactly.
    values = np.stack([getattr(summary, name) for name in _FIELDS], axis=1).astype(np.float32)
    array = create_array(
        workspace.store, KIND, array_id, len(_FIELDS), dtype="float32", part_rows=_PART_ROWS
    )
    for part_no, start in enumerate(range(0, len(values), _PART_ROWS)):
        array.write_part(part_no, values[start : start + _PART_ROWS])
