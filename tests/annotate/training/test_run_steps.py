from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import TrainingError
from annotate.protocols import TrainingRun
from annotate.training import run_steps as run_steps_module
from annotate.training.run_steps import run_steps
from tests.annotate.training.checkpoints import KeptInMemory


class Counting:
    """A training that only counts its steps; ``losses`` may say what each one's loss is."""

    def __init__(self, losses=None):
        self.taken, self.losses = [], losses

    def take_step(self, step):
        self.taken.append(step)
        return self.losses[step] if self.losses else 0.5

    def arrays(self):
        return {"n": np.array(len(self.taken))}

    def load_arrays(self, arrays):
        self.begun_with = int(arrays["n"])


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_training_that_went_astray_stops_and_says_where(loss):
    with pytest.raises(TrainingError, match=f"step 2 of 3 is {loss}"):
        run_steps(Counting([0.1, loss, 0.1]), 3, TrainingRun(), "key")


def test_it_goes_on_after_the_step_that_was_kept(monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    checkpoints = KeptInMemory(killed_after=2)
    with pytest.raises(KeyboardInterrupt):
        run_steps(Counting(), 5, TrainingRun(checkpoints=checkpoints), "key")
    training = Counting()
    run_steps(training, 5, TrainingRun(checkpoints=checkpoints), "key")
    assert training.begun_with == 2
    assert training.taken == [2, 3, 4]


def test_a_state_that_takes_long_to_save_is_saved_less_often(monkeypatch):
    clock = iter(range(0, 100_000, 10))  # ten seconds between any two looks
    monkeypatch.setattr(run_steps_module.time, "monotonic", lambda: next(clock))
    checkpoints = KeptInMemory()
    run_steps(Counting(), 40, TrainingRun(checkpoints=checkpoints), "key")
    assert checkpoints.n_saved == 2  # a save takes ten seconds, so 200 pass before the next
