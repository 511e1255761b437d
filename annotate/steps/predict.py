"""Predict: one teacher's probabilities over the whole corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError, NotReadyError, UnknownNameError
from annotate.protocols import (
    NO_LABEL,
    Floats,
    Progress,
    Teacher,
    TextTower,
    WeighsExperts,
    no_progress,
)
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_features import GIVEN_ENCODER
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.predicting import StoredClassProba, StoredProba, write_prediction
from annotate.steps.workspace import Workspace
from annotate.store.history import latest_prediction, list_predictions
from annotate.teachers import TEACHERS

IMPORTED = "imported"
LANGUAGE_MODEL = "language_model"
MOST_NAMED = 3


@dataclass(frozen=True)
class PredictReport:
    """What a teacher predicted.

    Attributes
    ----------
    mean_confidence : float
        Mean probability of the likeliest class. Where an item may have several classes: of what is
        likelier of each class, yes or no.
    class_shares : dict of str to float
        Share of the answered items whose likeliest class it is; where an item may have several, of
        those that have it with a probability of 0.5 or more.
    expert_weights : dict of str to float
        How much each expert of a teacher that pools several counts, the heaviest first; empty for
        other teachers, and for predictions older than this record.
    """

    prediction_id: str
    teacher: str
    n_items: int
    n_answered: int
    mean_confidence: float
    class_shares: dict[str, float]
    expert_weights: dict[str, float]


def predict(
    workspace: Workspace, teacher_spec: str | None = None, *, progress: Progress = no_progress
) -> PredictReport:
    """Fit a teacher on the labels that may train, then predict every item.

    Raises
    ------
    NotReadyError
        If features, labels or items that the teacher needs are missing.
    UnknownNameError
        If no teacher has that name.
    """
    with workspace.running("predict"):
        given = read_given_labels(workspace)
        prediction_id = run_teacher(workspace, given, teacher_spec, progress=progress)
    return describe_prediction(workspace, prediction_id)


def run_teacher(
    workspace: Workspace,
    given: GivenLabels,
    teacher_spec: str | None = None,
    *,
    progress: Progress = no_progress,
) -> str:
    """Return the id of the teacher's prediction over the corpus, made if it is not there yet."""
    view = StoredCorpus(workspace, given.training, progress=progress)
    if view.n_items == 0:
        raise NotReadyError("A teacher needs items; the project has none. Run `annotate add`.")
    spec = teacher_spec or default_teacher(workspace, view)
    if is_on_record(spec):
        return _recorded_prediction(workspace, spec)
    teacher = _make_teacher(workspace, spec)
    teacher.fit(view)
    record = {
        "teacher": spec,
        "weights_sha256": parameters_sha256(teacher.parameters()),
        # A teacher may do without features: one that combines predictions, for instance.
        "encoder_id": view.find_encoder_id(),
        "schema_version": workspace.schema.version,
        "n_items": view.n_items,
        "settings": {
            "n_training_labels": int((given.training != NO_LABEL).sum()),
            "learnt_from_labels": teacher.learns_from_labels,
            **({"votes": list(view.vote_sets_read)} if view.vote_sets_read else {}),
            **_expert_weights(teacher),
        },
        "round_no": None,
    }

    def proba_of(start: int, stop: int) -> Floats:
        return teacher.predict_proba(view, np.arange(start, stop))

    return write_prediction(workspace, record, proba_of, progress=progress)


def is_on_record(spec: str) -> bool:
    """Return whether a teacher cannot be called: it has only what another command stored of it."""
    return spec.partition(":")[0] in (IMPORTED, LANGUAGE_MODEL)


def default_teacher(workspace: Workspace, view: StoredCorpus) -> str:
    """Return the teacher of ``annotate.toml``; else zero-shot where the encoder reads class names.

    Features without a text side (ready-made ones, pixels, hashing) get a probe, which needs labels.
    """
    if workspace.config.defaults.teacher:
        return workspace.config.defaults.teacher
    if view.encoder_id != GIVEN_ENCODER and isinstance(view.encoder(), TextTower):
        return "zero_shot"
    if workspace.schema.task == "multi":
        raise NotReadyError(
            f"The features {view.encoder_id} cannot read class names, and no teacher learns several"
            " classes an item from labels. Run `annotate predictions import`, or embed with an"
            " encoder that reads names."
        )
    if (view.labels == NO_LABEL).all():
        on_record = [f"--teacher {name}" for name in teachers_on_record(workspace)]
        others = (
            f"Give {' or '.join(on_record[:MOST_NAMED])}, or run `annotate labels import` or"
            " `annotate review` first."
            if on_record
            else "Run `annotate labels import`, `annotate review`, or `annotate predictions"
            " import`, or embed with an encoder that reads names."
        )
        raise NotReadyError(
            f"The features {view.encoder_id} cannot read class names, so a teacher must learn from"
            f" labels; there are none. {others}"
        )
    return "probe"


def teachers_on_record(workspace: Workspace) -> list[str]:
    """Return the teachers that cannot be called but have told every item, the newest first."""
    n_items = workspace.n_items()
    with workspace.store.read() as connection:
        records = list_predictions(connection)
    told = {r["teacher"]: r["n_items"] for r in records if is_on_record(r["teacher"])}
    return [name for name, n_told in reversed(told.items()) if n_told == n_items]


def describe_prediction(workspace: Workspace, prediction_id: str) -> PredictReport:
    """Return a summary of a stored prediction, read block by block."""
    several = workspace.schema.task == "multi"
    stored = StoredClassProba if several else StoredProba
    proba = stored(workspace.store, prediction_id, workspace.schema)
    with workspace.store.read() as connection:
        record = next(
            r for r in list_predictions(connection) if r["prediction_id"] == prediction_id
        )
    counts = np.zeros(workspace.schema.n_classes, dtype=np.int64)
    total, n_answered = 0.0, 0
    for start in range(0, proba.shape[0], 65_536):
        block = proba.read(start, min(start + 65_536, proba.shape[0]))
        block = block[~np.isnan(block[:, 0])]
        n_answered += len(block)
        if several:
            counts += (block >= 0.5).sum(axis=0)
            # A class that came later was not predicted.
            known = ~np.isnan(block).any(axis=0) & workspace.schema.class_active
            total += float(np.maximum(block, 1 - block)[:, known].mean(axis=1).sum())
        else:
            counts += np.bincount(block.argmax(axis=1), minlength=len(counts))
            total += float(block.max(axis=1, initial=0.0).sum())
    shares = counts / max(n_answered, 1)
    weights: dict[str, float] = record["settings"].get("expert_weights", {})
    return PredictReport(
        prediction_id=prediction_id,
        teacher=record["teacher"],
        n_items=proba.shape[0],
        n_answered=n_answered,
        mean_confidence=total / max(n_answered, 1),
        class_shares={c.name: float(shares[c.class_no]) for c in workspace.schema.classes},
        expert_weights=dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def parameters_sha256(parameters: Mapping[str, NDArray[Any]]) -> str:
    """Return one hash over named arrays: their names, dtypes, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(parameters):
        values = np.ascontiguousarray(parameters[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}\0".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _make_teacher(workspace: Workspace, spec: str) -> Teacher:
    try:
        teacher: Teacher = TEACHERS.make(spec)
    except UnknownNameError:
        on_record = teachers_on_record(workspace)
        if not on_record:
            raise
        name = spec.partition(":")[0]
        raise UnknownNameError("teacher", name, [*TEACHERS.names(), *on_record]) from None
    return teacher


def _expert_weights(teacher: Teacher) -> dict[str, dict[str, float]]:
    """Return what a prediction's settings say of the experts that a teacher pools, if it does."""
    if not isinstance(teacher, WeighsExperts):
        return {}
    # Rounded: the settings are part of the id, and the last digits differ between machines.
    return {"expert_weights": {n: round(w, 3) for n, w in teacher.expert_weights.items()}}


def _recorded_prediction(workspace: Workspace, spec: str) -> str:
    with workspace.store.read() as connection:
        record = latest_prediction(connection, spec)
        known = [r["teacher"] for r in list_predictions(connection)]
    if record is None:
        raise UnknownNameError("prediction on record", spec, known or ["none yet"])
    if record["n_items"] != workspace.n_items():
        raise ConfigError(
            f"{spec!r} must cover all {workspace.n_items():,} items; it covers"
            f" {record['n_items']:,}. Run `annotate predictions import`, or `annotate ask`, again."
        )
    return str(record["prediction_id"])
