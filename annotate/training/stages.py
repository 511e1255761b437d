"""A training made of stages that are run one after the other, with one count of steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import TrainingRun
from annotate.training.run_steps import Training, run_steps

STAGE = "stage"


@dataclass(frozen=True)
class Stage:
    """One of several trainings that follow on each other.

    Attributes
    ----------
    name : str
        What progress calls it.
    n_steps : int
        1 or more; the stage counts its own steps from 0.
    begin : function
        Of the stage before, finished; None where there was none, or where the arrays of a
        checkpoint are about to be loaded. So what a stage keeps of the one before belongs to its
        own arrays.
    """

    name: str
    n_steps: int
    begin: Callable[[Training | None], Training]


class InTurn:
    """Stages as one training; meets ``run_steps.Training``.

    Attributes
    ----------
    name : str
        Of the stage that the last step belonged to.
    current : Training, optional
        That stage; None before the first step.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._ends = list(accumulate(stage.n_steps for stage in stages))
        self._number = 0
        self.current: Training | None = None

    @property
    def n_steps(self) -> int:
        """Return how many steps all stages have together."""
        return self._ends[-1]

    @property
    def name(self) -> str:
        return self._stages[self._number].name

    def take_step(self, step: int) -> float:
        number = bisect_right(self._ends, step)
        stage = self._stages[number]
        if self.current is None or number != self._number:
            self.current, self._number = stage.begin(self.current), number
        return self.current.take_step(step - (self._ends[number] - stage.n_steps))

    def arrays(self) -> dict[str, NDArray[Any]]:
        assert self.current is not None
        return {**self.current.arrays(), STAGE: np.array(self._number)}

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._number = int(arrays[STAGE])
        self.current = self._stages[self._number].begin(None)
        self.current.load_arrays(arrays)


def run_stages(stages: Sequence[Stage], run: TrainingRun, key: str) -> Training:
    """Take all steps of all stages, or those that a killed run left; return the last stage.

    Parameters
    ----------
    stages : sequence of Stage
        One or more.
    run, key
        As of ``run_steps``; progress also says which stage it is in.

    Raises
    ------
    TrainingError
        If a loss is not finite.
    """
    training = InTurn(stages)

    def tell(done: int, total: int | None, what: str) -> None:
        run.progress(done, total, f"{what} ({training.name})")

    run_steps(training, training.n_steps, replace(run, progress=tell), key)
    assert training.current is not None
    return training.current
