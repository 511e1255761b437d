"""Take the steps of a training: with progress, and from the last checkpoint on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import TrainingRun

CHECKPOINT_EVERY_S = 30.0
STEP = "step"


class Training(Protocol):
    """A training in progress; what its steps do depends on its arrays and their numbers alone."""

    def take_step(self, step: int) -> float:
        """Take one step, counted from 0; return its loss."""
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
    """
    first = 0
    saved = run.checkpoints.load(key) if run.checkpoints else None
    if saved is not None:
        training.load_arrays(saved)
        first = int(saved[STEP])
    saved_at = time.monotonic()
    for step in range(first, n_steps):
        loss = training.take_step(step)
        run.progress(step + 1, n_steps, f"steps, loss {loss:.3f}")
        if run.checkpoints and time.monotonic() - saved_at >= CHECKPOINT_EVERY_S:
            run.checkpoints.save(key, {**training.arrays(), STEP: np.array(step + 1)})
            saved_at = time.monotonic()
