"""One round: select from the whole corpus anew, train a fresh student, predict everything."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.compute.most_likely import most_likely
from annotate.protocols import NO_LABEL, NO_NEEDS, Floats, Progress, Selection
from annotate.selection.votes import Vote, collect_votes
from annotate.steps.anchor import Anchor
from annotate.steps.candidates import NamedPredictions, candidate_proba, selection_context
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.fit_student import TrainedStudent, remove_checkpoint, train_student
from annotate.steps.given_labels import GivenLabels, may_train
from annotate.steps.given_up import run_sha256
from annotate.steps.measuring import measure
from annotate.steps.models import save_model
from annotate.steps.predict import parameters_sha256
from annotate.steps.predicting import StoredProba, write_prediction
from annotate.steps.run_settings import RunSettings
from annotate.steps.select import gaps_of, make_chain
from annotate.steps.selections import write_selection
from annotate.steps.workspace import Workspace
from annotate.store.history import Record, next_round_no
from annotate.training.anchoring import anchor_share, average_with_anchor
from annotate.training.weights import balance_classes, balance_weights

ROWS_AT_ONCE = 65_536


def make_teacher_round(
    workspace: Workspace, settings: RunSettings, given: GivenLabels, prediction_id: str
) -> Record:
    """Return the record of the round that has no student: the teacher's own labels."""
    with workspace.store.read() as connection:
        round_no = next_round_no(connection)
    proba = candidate_proba(workspace, prediction_id, given)
    return {
        "round_no": round_no,
        "parent": None,
        "settings": {"run": None, "base": None, "selectors": []},
        "metrics": _metrics(workspace, given, prediction_id, proba, None, None),
        "teacher_prediction_id": prediction_id,
        "selection_id": None,
        "prediction_id": prediction_id,
        "label_selection_id": _accept_labels(workspace, settings, given, prediction_id, proba),
        "model_sha256": None,
        "stop_reason": "it is the teacher itself, before any round",
    }


def make_round(
    workspace: Workspace,
    settings: RunSettings,
    given: GivenLabels,
    run: list[Record],
    anchor: Anchor,
    progress: Progress,
) -> Record | None:
    """Do the next round of ``run`` and return its record, all but why it stopped.

    Its arrays and its model are on disk then; the record is not yet in the store. None means that
    there is nothing to train on: fewer than two classes have a label.
    """
    parent, step = run[-1], len(run)
    view = StoredCorpus(workspace, given.training, progress=progress)
    proba = candidate_proba(workspace, parent["prediction_id"], given)
    predictions = NamedPredictions(workspace, given)
    selection, votes = _select(workspace, settings, given, view, proba, run, predictions)
    labels, weights = training_set(given, selection)
    if len(np.unique(labels[labels != NO_LABEL])) < 2:
        return None
    with workspace.store.read() as connection:
        round_no = next_round_no(connection)
    selection_id = write_selection(
        workspace, selection, proba, parent["prediction_id"], settings.selectors,
        {"step": step, "n_rounds": settings.n_rounds, "seed": settings.seed}, votes,
    )  # fmt: skip
    trained = train_student(
        workspace, settings, view, given, labels, weights, proba, parent, round_no,
        progress,
    )  # fmt: skip
    mean_with = {
        "prediction_id": anchor.prediction_id,
        "share": anchor_share(
            learnt_from_labels=anchor.learnt_from_labels, equal_classes=selection.equal_classes
        ),
    }
    prediction_id = _predict(
        workspace, settings, trained, mean_with, round_no, selection_id, progress
    )
    student_proba = candidate_proba(workspace, prediction_id, given)
    description = {
        "student": settings.student,
        "encoder_id": trained.input_id,
        "classes": list(workspace.schema.names),
        "round_no": round_no,
        "selection_id": selection_id,
        "anchor": mean_with,
        "seed": settings.seed,
    }
    metrics = _metrics(workspace, given, prediction_id, student_proba, selection, proba)
    metrics["warnings"] += trained.warnings()
    model_sha256 = save_model(
        workspace.paths.model(round_no), trained.student.parameters(), description
    )
    remove_checkpoint(workspace, round_no)
    return {
        "round_no": round_no,
        "parent": parent["round_no"],
        "settings": {
            "run": settings.as_json(),
            "base": run[0]["round_no"],
            "step": step,
            "selectors": list(settings.selectors),
            "predictions_read": predictions.read,
            "encoder_id": trained.input_id,
            "labels_sha256": labels_sha256(given),
            "run_sha256": run_sha256(workspace, settings, given, run[0], anchor),
            "anchor": mean_with,
        },
        "metrics": metrics,
        "teacher_prediction_id": parent["prediction_id"],
        "selection_id": selection_id,
        "prediction_id": prediction_id,
        "label_selection_id": _accept_labels(
            workspace, settings, given, prediction_id, student_proba
        ),
        "model_sha256": model_sha256,
        "stop_reason": None,
    }


def labels_sha256(given: GivenLabels) -> str:
    """Return what tells the labels that a student may learn from from all others."""
    return hashlib.sha256(given.training.tobytes()).hexdigest()


def _select(
    workspace: Workspace,
    settings: RunSettings,
    given: GivenLabels,
    view: StoredCorpus,
    proba: NDArray[np.float32],
    run: list[Record],
    predictions: NamedPredictions,
) -> tuple[Selection, tuple[Vote, ...]]:
    """Return what the run's selectors accept in the round after ``run``, and each one's vote."""
    selector = make_chain(settings.selectors)
    context = selection_context(
        workspace, given, selector.needs, view,
        round_no=len(run), n_rounds=settings.n_rounds, seed=settings.seed,
        earlier=[record["prediction_id"] for record in run[:-1]], predictions=predictions,
    )  # fmt: skip
    selection = selector.select(proba, context)
    return selection, collect_votes(selector, selection, proba, context)


def training_set(
    given: GivenLabels, selection: Selection
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return labels and weights (n_items,) for a student.

    Given labels never change: a pseudo-label is only taken where no label was given. All
    pseudo-labels together weigh at most as much as all given labels; then classes are balanced.
    """
    labels = selection.labels(len(given.training))
    weights = np.zeros(len(labels), dtype=np.float32)
    weights[selection.rows[selection.accepted]] = selection.weights[selection.accepted]
    is_given = given.training != NO_LABEL
    labels[is_given] = given.training[is_given]
    weights[is_given] = 1.0
    labels[~may_train(given)] = NO_LABEL
    trains = labels != NO_LABEL
    weights[trains] = balance_weights(weights[trains], is_given[trains])
    weights[trains] = balance_classes(weights[trains], labels[trains])
    return labels, weights


def _predict(
    workspace: Workspace,
    settings: RunSettings,
    trained: TrainedStudent,
    mean_with: dict[str, Any],
    round_no: int,
    selection_id: str,
    progress: Progress,
) -> str:
    """Store the student's probabilities over the corpus; return the prediction's id."""
    proba = trained.proba
    first_teacher = StoredProba(workspace.store, mean_with["prediction_id"], workspace.schema)

    def proba_of(start: int, stop: int) -> Floats:
        return average_with_anchor(
            proba[start:stop],
            first_teacher.read_for(start, stop, proba.shape[1]),
            mean_with["share"],
        )

    record = {
        "teacher": f"round {round_no} {settings.student}",
        "weights_sha256": parameters_sha256(trained.student.parameters()),
        "encoder_id": trained.input_id,
        "schema_version": workspace.schema.version,
        "n_items": len(proba),
        "settings": {
            "selection_id": selection_id,
            "student": settings.student,
            "anchor": mean_with,
        },
        "round_no": round_no,
    }
    return write_prediction(workspace, record, proba_of, progress=progress)


def _accept_labels(
    workspace: Workspace,
    settings: RunSettings,
    given: GivenLabels,
    prediction_id: str,
    proba: NDArray[np.float32],
) -> str:
    """Decide which of a prediction's classes stand as pseudo-labels; return the selection's id."""
    context = selection_context(
        workspace, given, NO_NEEDS, None, round_no=1, n_rounds=1, seed=settings.seed
    )
    selection = make_chain([settings.accept]).select(proba, context)
    return write_selection(
        workspace, selection, proba, prediction_id, [settings.accept], {"purpose": "labels"}
    )


def _metrics(
    workspace: Workspace,
    given: GivenLabels,
    prediction_id: str,
    proba: NDArray[np.float32],
    selection: Selection | None,
    parent_proba: NDArray[np.float32] | None,
) -> dict[str, Any]:
    """Return the figures of a round: what it learnt from, what it says, how right it is."""
    names = workspace.schema.names
    guess = most_likely(proba)
    counts = np.bincount(guess[guess != NO_LABEL], minlength=len(names))
    measurement = measure(workspace, given, prediction_id)
    metrics: dict[str, Any] = {
        "n_given": int((given.training != NO_LABEL).sum()),
        "n_pseudo": 0,
        "accepted": {},
        "rejected": {},
        "warnings": [],
        "n_flipped": None,
        "class_shares": {
            name: int(n) / max(int(counts.sum()), 1) for name, n in zip(names, counts, strict=True)
        },
        "measured": measurement.as_json() if measurement else None,
    }
    if selection is not None and parent_proba is not None:
        accepted = np.bincount(selection.classes[selection.accepted], minlength=len(names))
        reasons = np.bincount(
            selection.reasons[~selection.accepted], minlength=len(selection.reason_names)
        )
        metrics |= {
            "n_pseudo": int(accepted.sum()),
            "accepted": {name: int(n) for name, n in zip(names, accepted, strict=True)},
            "rejected": {
                why: int(n) for why, n in zip(selection.reason_names, reasons, strict=True) if n
            },
            "warnings": gaps_of(workspace, selection),
            "n_flipped": int((most_likely(parent_proba) != guess).sum()),
        }
    return metrics


def read_guess(workspace: Workspace, prediction_id: str) -> NDArray[np.int32]:
    """Return (n_items,) the most likely class by a stored prediction; -1 for later items too."""
    proba = StoredProba(workspace.store, prediction_id, workspace.schema)
    guess = np.full(workspace.n_items(), NO_LABEL, dtype=np.int32)
    n_predicted = proba.shape[0]
    for start in range(0, n_predicted, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, n_predicted)
        guess[start:stop] = most_likely(proba.read(start, stop))
    return guess
