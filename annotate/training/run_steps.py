"""Take the steps of a training: with progress, and from the last checkpoint on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from annotate.errors import TrainingError
from annotate.protocols import TrainingRun

CHECKPOINT_EVERY_S = 30.0
# A large state takes long to save: at most this share of the time goes into that.
SHARE_FOR_SAVING = 0.05
STEP = "step"


class Training(Protocol):
    """A training in progress; what its steps do depends on its arrays and their numbers alone."""

    def take_step(self, step: int) -> float:
        """Take one step, counted from 0; return its loss, the same in all that train together."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything that the steps so far have changed."""
        ...

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what ``arrays`` returned."""
        ...


def run_steps(training: Training, n_steps: int, run: TrainingRun, key: str) -> None:
    """Take all steps, or those that a killed run of the same training left.

    Parameters
    ----------
    training : Training
        Not begun.
    n_steps : int
        1 or more.
    run : TrainingRun
        Where checkpoints go, and who is told of progress.
    key : str
        What shapes the training: a checkpoint with another key is not gone on from.

    Raises
    ------
    TrainingError
        If a loss is not finite.
    """
    first = 0
    saved = run.checkpoints.load(key) if run.checkpoints else None
    if saved is not None:
        training.load_arrays(saved)
        first = int(saved[STEP])
        run.progress(first, n_steps, f"steps, going on after {first:,} of an earlier run")
    next_save = time.monotonic() + CHECKPOINT_EVERY_S
    for step in range(first, n_steps):
        loss = training.take_step(step)
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss of a training must stay finite; that of step {step + 1} of {n_steps} is"
                f" {loss}. Take another student, or look for items unlike all others."
            )
        run.progress(step + 1, n_steps, f"steps, loss {loss:.3f}")
        if run.checkpoints and time.monotonic() >= next_save:
            began = time.monotonic()
            run.checkpoints.save(key, {**training.arrays(), STEP: np.array(step + 1)})
            took = time.monotonic() - began
            next_save = began + max(CHECKPOINT_EVERY_S, took / SHARE_FOR_SAVING)
