"""Train an encoder further and ask it about all items, by one process or several.

Started by ``torchrun``, the first process does the rounds; the others wait for it to tell them of a
training, take their share of each batch, and later of the items to predict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.compute.processes import ProcessGroup, current_processes
from annotate.errors import AnnotateError, ConfigError
from annotate.protocols import (
    NO_LABEL,
    EncoderStudent,
    Floats,
    Ints,
    Items,
    TrainableEncoder,
    TrainingRun,
)
from annotate.steps.checkpoints import SharedCheckpoints
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.loading import StoredItems
from annotate.steps.workspace import Workspace
from annotate.training import STUDENTS


@dataclass(frozen=True)
class EncoderFit:
    """All that the other processes must know of a training."""

    student: str
    seed: int
    given_labels: Ints
    labels: Ints
    weights: Floats


def fit_encoder(
    workspace: Workspace, student: EncoderStudent, fit: EncoderFit, run: TrainingRun
) -> NDArray[np.float32]:
    """Train a student and return its probabilities of all items, (n_items, n_classes).

    Raises
    ------
    ConfigError
        If the features in use have no encoder that can be trained.
    """
    processes = current_processes()
    processes.tell(fit)
    return _fit_and_predict(workspace, student, fit, run, processes)


@contextmanager
def helped_by(processes: ProcessGroup) -> Iterator[None]:
    """Let the other processes go when the block ends, also by a mistake that the user is told of.

    Any other error ends this process, and ``torchrun`` then ends the others.
    """
    try:
        yield
    except AnnotateError:
        processes.tell(None)
        raise
    processes.tell(None)


def help_training(open_project: Callable[[], AbstractContextManager[Workspace]]) -> None:
    """Help with every training that the first process tells of, until it tells of none.

    The project is opened once there is something to do: by then the first process has opened it,
    and has brought store and classes up to date.
    """
    processes = current_processes()
    while (fit := processes.tell(None)) is not None:
        with open_project() as workspace:
            student = STUDENTS.make(fit.student, n_classes=workspace.schema.n_classes)
            # The first process meets the same error, and tells it.
            with suppress(AnnotateError):
                _fit_and_predict(workspace, student, fit, TrainingRun(), processes)


def _fit_and_predict(
    workspace: Workspace,
    student: EncoderStudent,
    fit: EncoderFit,
    run: TrainingRun,
    processes: ProcessGroup,
) -> NDArray[np.float32]:
    """Do what every process does; ``run`` is the first one's, and in the others empty."""
    view = StoredCorpus(workspace, fit.given_labels)
    student.encoder = trainable_encoder(view)
    student.run = TrainingRun(
        seed=fit.seed,
        given=fit.given_labels != NO_LABEL,
        may_train=processes.tell(run.may_train),
        progress=run.progress,
        checkpoints=SharedCheckpoints(run.checkpoints, processes),
        features=view.features(),
        processes=processes,
    )
    items = StoredItems(workspace, len(fit.labels))
    student.fit(items, fit.labels, fit.weights)
    proba = np.zeros((len(items), workspace.schema.n_classes), dtype=np.float32)
    mine = processes.share(np.arange(len(items)))
    proba[mine] = student.predict_proba(SomeItems(items, mine))
    return processes.add_up(proba)


class SomeItems:
    """Some of the items, counted from 0; meets ``protocols.Items``."""

    def __init__(self, items: Items, chosen: Ints) -> None:
        self._items, self._chosen = items, chosen

    def __len__(self) -> int:
        return len(self._chosen)

    def take(self, rows: Ints) -> list[object]:
        """Return items in the order asked for."""
        return self._items.take(self._chosen[rows])


def trainable_encoder(view: StoredCorpus) -> TrainableEncoder:
    """Return the encoder of the features in use, whose network a student trains further.

    Raises
    ------
    ConfigError
        If it has none.
    """
    encoder = view.encoder()
    if isinstance(encoder, TrainableEncoder):
        return encoder
    raise ConfigError(
        f"The student fine_tuned needs an encoder with a network to train; {view.encoder_id} has"
        " none. Run `annotate embed --encoder` with open_clip or sentence, or use another student."
    )
