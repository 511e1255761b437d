"""Make a round's student, give it what it reads, and ask it about the whole corpus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from annotate.errors import ConfigError
from annotate.protocols import (
    NO_LABEL,
    EncoderStudent,
    NetworkStudent,
    Progress,
    PromptableEncoder,
    PromptStudent,
    Rows,
    Student,
    TrainingRun,
)
from annotate.steps.checkpoints import StoredCheckpoints
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.fit_encoder import EncoderFit, fit_encoder, trainable_encoder
from annotate.steps.given_labels import GivenLabels, may_train
from annotate.steps.label_table import counts_as
from annotate.steps.loading import StoredItems
from annotate.steps.models import load_model
from annotate.steps.opinions import read_opinions
from annotate.steps.prepared_pictures import PreparedPictures
from annotate.steps.run_settings import RunSettings
from annotate.steps.stored_pixels import stored_pixels
from annotate.steps.workspace import Workspace
from annotate.store.history import Record
from annotate.training import STUDENTS
from annotate.training.defaults import DEFAULT_STUDENT
from annotate.training.notebook import LABELS
from annotate.training.smoothing import average_over_neighbours

ROWS_AT_ONCE = 65_536


def make_student(workspace: Workspace, settings: RunSettings) -> Student:
    """Return the run's student, not trained yet.

    Raises
    ------
    UnknownNameError
        If it is not known.
    ConfigError
        If its argument is none that it takes, or the project does not hold what it reads.
    """
    student: Student = STUDENTS.make(settings.student, n_classes=workspace.schema.n_classes)
    if isinstance(student, NetworkStudent) and workspace.modality != "image":
        raise ConfigError(
            f"The student {settings.student} reads pixels, so it needs images; this project holds"
            f" {workspace.modality.removesuffix('s')}s. Use the student {DEFAULT_STUDENT}."
        )
    if isinstance(student, EncoderStudent) and workspace.modality == "features":
        raise ConfigError(
            f"The student {settings.student} trains an encoder, so it needs images or texts; this"
            f" project holds features. Use the student {DEFAULT_STUDENT}."
        )
    if isinstance(student, PromptStudent) and workspace.modality != "image":
        raise ConfigError(
            f"The student {settings.student} prompts an open_clip model, so it needs images; this"
            f" project holds {workspace.modality.removesuffix('s')}s. Use {DEFAULT_STUDENT}."
        )
    return student


def check_encoder(workspace: Workspace, student: Student) -> None:
    """Raise ConfigError if a student needs what the encoder of the features in use has not.

    Without features there is nothing to check yet.
    """
    if not isinstance(student, EncoderStudent | PromptStudent):
        return
    view = StoredCorpus(workspace, np.full(workspace.n_items(), NO_LABEL))
    if view.find_encoder_id() is None:
        return
    if isinstance(student, EncoderStudent):
        student.check(trainable_encoder(view))
    else:
        promptable_encoder(view)


@dataclass(frozen=True)
class TrainedStudent:
    """A student, and what it says of the corpus.

    Attributes
    ----------
    input_id : str
        Id of the array that it reads, features or pixels.
    proba : float32 array of shape (n_items, n_classes)
        NaN for items that it cannot read.
    """

    student: Student
    input_id: str
    proba: NDArray[np.float32]

    def warnings(self) -> list[str]:
        """Return what a user should know: how many items a network could not open."""
        n_closed = int(np.isnan(self.proba[:, 0]).sum())
        opens = isinstance(self.student, NetworkStudent | EncoderStudent) or (
            isinstance(self.student, PromptStudent) and self.student.reads_pictures
        )
        if not n_closed or not opens:
            return []
        return [
            f"{n_closed:,} of {len(self.proba):,} items could not be opened: they taught nothing"
            " and get no answer; are their files where `annotate add` found them?"
        ]


def train_student(
    workspace: Workspace,
    settings: RunSettings,
    view: StoredCorpus,
    given: GivenLabels,
    labels: NDArray[np.int32],
    weights: NDArray[np.float32],
    teacher_proba: NDArray[np.float32],
    parent: Record,
    round_no: int,
    progress: Progress,
) -> TrainedStudent:
    """Train a fresh student on the labelled items and ask it about all.

    ``given`` says which items no student may look at; ``parent`` is the round before. A network's
    training keeps checkpoints in the folder of its round, and goes on from one that a killed run of
    the same training left.
    """
    student = make_student(workspace, settings)
    checkpoints = StoredCheckpoints(_checkpoint_path(workspace, round_no))
    run = TrainingRun(
        seed=settings.seed,
        checkpoints=checkpoints,
        progress=progress,
        teacher_proba=teacher_proba,
        given=view.labels != NO_LABEL,
        may_train=may_train(given),
        measures=given.measuring != NO_LABEL,
        previous=_model_of(workspace, parent, settings.student) if _goes_on(student) else None,
        opinions=read_opinions(given, workspace.schema.n_classes),
    )
    if isinstance(student, NetworkStudent):
        pixels = stored_pixels(workspace, student.side_px, progress=progress)
        student.run = run
        student.fit(pixels, labels, weights)
        return TrainedStudent(student, pixels.array_id, student.predict_proba(pixels))
    if isinstance(student, EncoderStudent):
        fit = EncoderFit(settings.student, settings.seed, view.labels, labels, weights)
        return TrainedStudent(student, view.encoder_id, fit_encoder(workspace, student, fit, run))
    features = view.features()
    rows = _rows_to_learn(features, labels)
    if isinstance(student, PromptStudent):
        encoder = promptable_encoder(view)
        student.run = replace(run, given=view.labels[rows] != NO_LABEL)
        student.prompted_encoder = encoder
        student.class_names = workspace.schema.names
        student.class_active = workspace.schema.class_active
        if student.reads_pictures:
            proba = _fit_on_pictures(workspace, student, encoder, rows, labels, view.n_items)
            return TrainedStudent(student, view.encoder_id, proba)
    student.fit(features.take(rows), labels[rows], weights[rows])
    return TrainedStudent(student, view.encoder_id, _predict_from(student, features, view))


def _fit_on_pictures(
    workspace: Workspace,
    student: PromptStudent,
    encoder: PromptableEncoder,
    rows: NDArray[np.intp],
    labels: NDArray[np.int32],
    n_items: int,
) -> NDArray[np.float32]:
    """Train a student that reads pictures; return its probabilities of all items."""
    items, blank = StoredItems(workspace, n_items), Image.new("RGB", (1, 1))
    n_columns = encoder.normalized_pixels([blank]).size
    learnt = PreparedPictures(items, rows, encoder.normalized_pixels, n_columns)
    student.fit(learnt, labels[rows])
    everything = np.arange(n_items)
    return student.predict_proba(
        PreparedPictures(items, everything, encoder.normalized_pixels, n_columns)
    )


def promptable_encoder(view: StoredCorpus) -> PromptableEncoder:
    """Return the encoder of the features in use, whose class names a student prompts.

    Raises
    ------
    ConfigError
        If it has no text tower that can be prompted.
    """
    encoder = view.encoder()
    if isinstance(encoder, PromptableEncoder):
        return encoder
    raise ConfigError(
        f"The student prompts needs features of an open_clip model; {view.encoder_id} is none."
        " Run `annotate embed --encoder open_clip:MODEL`, or use another student."
    )


def remove_checkpoint(workspace: Workspace, round_no: int) -> None:
    """Forget a round's training in progress: its model is saved."""
    _checkpoint_path(workspace, round_no).unlink(missing_ok=True)


def _goes_on(student: Student) -> bool:
    return isinstance(student, NetworkStudent) and student.goes_on


def _model_of(workspace: Workspace, parent: Record, student: str) -> dict[str, NDArray[Any]] | None:
    """Return the parameters of the round before, None unless its student has the same name.

    The labels among them count as they do now: a merged class has not changed its items' labels.
    """
    before = parent["settings"]["run"]
    if parent["model_sha256"] is None or before is None or before["student"] != student:
        return None
    parameters = load_model(workspace.paths.model(parent["round_no"]))
    if LABELS in parameters:
        now = np.append(counts_as(workspace.schema), np.int32(NO_LABEL))  # the last is for none
        parameters[LABELS] = now[parameters[LABELS]]
    return parameters


def _checkpoint_path(workspace: Workspace, round_no: int) -> Path:
    return workspace.paths.model(round_no) / "checkpoint.safetensors"


def _rows_to_learn(features: Rows, labels: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the items that have a label and features."""
    rows = np.flatnonzero(labels != NO_LABEL)
    is_there = ~np.isnan(features.take(rows)[:, 0])
    return rows[is_there]


def _predict_from(student: Student, features: Rows, view: StoredCorpus) -> NDArray[np.float32]:
    proba = np.empty((view.n_items, view.schema.n_classes), dtype=np.float32)
    for start in range(0, view.n_items, ROWS_AT_ONCE):
        block = features.read(start, min(start + ROWS_AT_ONCE, view.n_items))
        proba[start : start + len(block)] = student.predict_proba(block)
    k = student.smoothing_k
    return average_over_neighbours(proba, view.neighbours(k)) if k else proba
