"""What the views of a project share: read once, and again only when something has changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from annotate.review.prediction_summary import PredictionSummary, summarise_nothing
from annotate.schema import Schema
from annotate.steps.labels import CurrentLabels, read_current_labels
from annotate.steps.predicting import current_prediction
from annotate.steps.summaries import prediction_summary
from annotate.steps.workspace import Workspace
from annotate.store.history import Record
from annotate.store.marks import Marks, read_marks
from annotate.store.queue_front import read_queue_front
from annotate.store.schema_versions import latest_schema

_SUMMARIES_KEPT = 12


@dataclass(frozen=True)
class Snapshot:
    """A project as it stood at ``marks``.

    Attributes
    ----------
    prediction : dict or None
        The record of the prediction in force.
    asked_first : DataFrame
        item_no and reason of the items that a step asked for.
    """

    marks: Marks
    schema: Schema
    labels: CurrentLabels
    prediction: Record | None
    asked_first: pd.DataFrame
    _summaries: dict[str, PredictionSummary] = field(default_factory=dict, repr=False)

    @property
    def n_items(self) -> int:
        """Return the number of items ever accepted."""
        return len(self.labels.labels)


def project_marks(workspace: Workspace) -> Marks:
    """Return what tells whether anything has changed since a snapshot."""
    with workspace.store.read() as connection:
        return read_marks(connection)


def read_snapshot(workspace: Workspace, previous: Snapshot | None = None) -> Snapshot:
    """Return the project as it stands; what ``previous`` knows of predictions serves again."""
    # Marks first: what is stored while we read makes them old, and the next look reads again.
    with workspace.store.read() as connection:
        marks = read_marks(connection)
        schema = latest_schema(connection)
        asked_first = read_queue_front(connection)
    # Another process may have changed the classes since this workspace was opened.
    workspace.schema = schema
    labels = read_current_labels(workspace)
    kept: dict[str, PredictionSummary] = {}
    if (
        previous is not None
        and previous.n_items == len(labels.labels)
        and np.array_equal(previous.schema.class_active, schema.class_active)
    ):
        kept = previous._summaries
    return Snapshot(marks, schema, labels, current_prediction(workspace), asked_first, kept)


def summary_of(
    workspace: Workspace, snapshot: Snapshot, prediction_id: str | None
) -> PredictionSummary:
    """Return how sure a prediction is of each item; None stands for no prediction."""
    if prediction_id is None:
        return summarise_nothing(snapshot.n_items)
    kept = snapshot._summaries
    found = kept.get(prediction_id)
    if found is None:
        found = prediction_summary(workspace, prediction_id, snapshot.schema, snapshot.n_items)
        while len(kept) >= _SUMMARIES_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[prediction_id] = found
    return found


def current_summary(workspace: Workspace, snapshot: Snapshot) -> PredictionSummary:
    """Return the summary of the prediction in force."""
    record = snapshot.prediction
    return summary_of(workspace, snapshot, record["prediction_id"] if record else None)
