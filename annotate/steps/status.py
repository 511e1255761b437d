"""Status: where a project stands, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import NO_LABEL
from annotate.quality.stopping import DEFAULT_TARGET, StopAdvice
from annotate.schema import Task
from annotate.steps.corpus_view import current_features
from annotate.steps.given_features import GIVEN_ENCODER
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.labels import SOURCES, CurrentLabels, read_current_labels
from annotate.steps.predict import teachers_on_record
from annotate.steps.run_settings import RunSettings
from annotate.steps.standing_masks import count_masks
from annotate.steps.stopping import read_stop_evidence
from annotate.steps.workspace import Workspace
from annotate.store.arrays import array_settings, list_arrays
from annotate.store.decisions import count_decisions
from annotate.store.history import list_predictions, list_rounds, open_run
from annotate.store.items import quarantine_by_code, source_counts
from annotate.store.queue_front import read_queue_front

PREDICT = "annotate predict DIR"


@dataclass(frozen=True)
class Status:
    """A project at a glance.

    ``unfinished_run`` is the command of a run of rounds that has not come to its end: the same
    command goes on with one that was killed.
    """

    folder: str
    modality: str
    task: str
    classes: list[str]
    schema_version: int
    n_items: int
    n_dropped: int
    inputs: dict[str, int]
    quarantine: dict[str, int]
    features: list[dict[str, Any]]
    predictions: list[dict[str, Any]]
    n_rounds: int
    unfinished_run: str | None
    head_round: int | None
    n_decisions: int
    n_conflicts: int
    labels_by_source: dict[str, int]
    labels_by_class: dict[str, int]
    masks: dict[str, int]
    n_spot_check_open: int
    stopping: list[StopAdvice]
    next_step: str


def read_status(
    workspace: Workspace, labels: CurrentLabels | None = None, *, target: float = DEFAULT_TARGET
) -> Status:
    """Return where the project stands.

    Parameters
    ----------
    labels : CurrentLabels, optional
        Read if not given.
    target : float
        The share of labels that must be right before people may stop; 0 or more, below 1.

    Raises
    ------
    ConfigError
        If the target is not in that range.
    """
    if not 0 <= target < 1:
        raise ConfigError(f"--target must be 0 or more and below 1, as 0.95; got {target:g}.")
    labels = labels or read_current_labels(workspace)
    n_items = len(labels.labels)
    arrays = [array for array in list_arrays(workspace.store) if array.kind == "features"]
    with workspace.store.read() as connection:
        predictions = [r for r in list_predictions(connection) if r["round_no"] is None]
        rounds = list_rounds(connection)
        asked = read_queue_front(connection)["item_no"].to_numpy(dtype=np.int64)
        inputs = source_counts(connection)
        reasons = quarantine_by_code(connection)
        n_decisions = count_decisions(connection)
        note = open_run(connection)
    given = labels.given
    masks = count_masks(workspace)
    to_predict = step_to_predict(workspace, given)
    by_class = np.bincount(
        labels.labels[labels.labels != NO_LABEL], minlength=workspace.schema.n_classes
    )
    return Status(
        folder=str(workspace.paths.root),
        modality=workspace.modality,
        task=workspace.schema.task,
        classes=[spec.name for spec in workspace.schema.active],
        schema_version=workspace.schema.version,
        n_items=n_items,
        n_dropped=int(given.dropped.sum()),
        inputs=inputs,
        quarantine=reasons,
        features=[
            {"encoder_id": a.array_id, "dim": a.n_columns, "n_items": a.n_rows} for a in arrays
        ],
        predictions=[
            {key: r[key] for key in ("teacher", "prediction_id", "n_items")} for r in predictions
        ],
        n_rounds=len(rounds),
        unfinished_run=RunSettings.from_json(note["run"]).command() if note else None,
        head_round=labels.head["round_no"] if labels.head else None,
        n_decisions=n_decisions,
        n_conflicts=int(given.human.conflict.sum()),
        labels_by_source={
            name: int((labels.sources == code).sum()) for code, name in enumerate(SOURCES)
        },
        labels_by_class={
            spec.name: int(by_class[spec.class_no]) for spec in workspace.schema.classes
        },
        masks=masks,
        n_spot_check_open=int((~given.human.decided[asked]).sum()),
        stopping=list(read_stop_evidence(workspace, given).advice(target))
        if (predictions or rounds) and workspace.schema.task == "single" else [],
        next_step=_step_of_masks(masks) if masks["given"] and not predictions and not rounds
        else _next_step(
            n_items, any(a.n_rows == n_items for a in arrays), bool(predictions), len(rounds),
            int((~given.human.decided[asked]).sum()), workspace.schema.task,
            to_predict, _step_to_train(workspace, to_predict),
        ),
    )  # fmt: skip


def step_to_predict(workspace: Workspace, given: GivenLabels | None = None) -> str:
    """Return the command that brings an embedded project nearer to its first prediction.

    Where the encoder of the features in use reads no names a teacher must learn from labels of two
    classes or more, which people give first.

    Parameters
    ----------
    given : GivenLabels, optional
        Read if not given.
    """
    given = given or read_given_labels(workspace)
    if workspace.config.defaults.teacher or _reads_names(workspace):
        return PREDICT
    if workspace.schema.task == "multi":
        return "annotate predictions import DIR FILE"
    if len(np.unique(given.training[given.training != NO_LABEL])) < 2:
        return "annotate review DIR, or annotate labels import DIR FILE"
    return PREDICT


def _step_to_train(workspace: Workspace, to_predict: str) -> str:
    """Return the command of the first rounds of a project that has predictions."""
    if to_predict == PREDICT:
        return "annotate train DIR"
    on_record = teachers_on_record(workspace)
    return f"annotate train DIR --teacher {on_record[0]}" if on_record else to_predict


def _reads_names(workspace: Workspace) -> bool:
    """Return whether the encoder of the features in use reads names, or may: old ones tell not."""
    try:
        array_id = current_features(workspace, workspace.n_items()).array_id
    except NotReadyError:
        return True
    settings = array_settings(workspace.store, "features", array_id)
    return settings.get("encoder") != GIVEN_ENCODER and bool(settings.get("reads_names", True))


def _step_of_masks(masks: dict[str, int]) -> str:
    """Return the next command of a project that has masks and no labels by a teacher."""
    if masks["drawn"]:
        return "annotate masks export DIR OUT"
    return "annotate masks train DIR"


def _next_step(
    n_items: int, has_features: bool, has_predictions: bool, n_rounds: int, n_asked: int,
    task: Task, to_predict: str, to_train: str,
) -> str:  # fmt: skip
    if n_items == 0:
        return "annotate add DIR SOURCE"
    if not has_features and n_rounds == 0:  # predictions may be imported; rounds need features
        return "annotate embed DIR"
    if not has_predictions and n_rounds == 0:
        return to_predict
    if task == "multi":
        return "annotate predictions export DIR OUT.parquet"
    if n_rounds == 0:
        return to_train
    if n_asked:
        return f"annotate review DIR ({n_asked} items are asked for)"
    return "annotate review DIR, annotate train DIR, or annotate export DIR OUT --format parquet"
