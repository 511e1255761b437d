"""The anchor of a training run: what its first teacher says of the corpus as it is today."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.protocols import Progress, no_progress
from annotate.steps.given_labels import GivenLabels
from annotate.steps.predict import is_on_record, run_teacher
from annotate.steps.workspace import Workspace
from annotate.store.history import Record, find_prediction, lineage


@dataclass(frozen=True)
class Anchor:
    """A prediction, and whether the teacher behind it learnt from labels."""

    prediction_id: str
    learnt_from_labels: bool


def find_anchor(
    workspace: Workspace, given: GivenLabels, base: Record, *, progress: Progress = no_progress
) -> Anchor:
    """Return the anchor of a run that goes on from ``base``.

    It is the teacher that began the line of rounds. One that learns from labels is taught anew, by
    all there are now; zero-shot predicts anew where items, classes or prompts have changed; an
    imported prediction, or a language model's, stays as it is, without answers for what came later.
    """
    with workspace.store.read() as connection:
        first_round = lineage(connection, base["round_no"])[0]
        first = find_prediction(connection, first_round["prediction_id"])
    assert first is not None
    learns = bool(first["settings"].get("learnt_from_labels", False))
    now = {"n_items": workspace.n_items(), "schema_version": workspace.schema.version}
    changed = any(first[name] != value for name, value in now.items())
    if (learns or changed) and not is_on_record(first["teacher"]):
        prediction_id = run_teacher(workspace, given, first["teacher"], progress=progress)
    else:
        prediction_id = first["prediction_id"]
    return Anchor(prediction_id, learns)
