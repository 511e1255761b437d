"""Stages in turn are one training: as many steps, and no difference where it was killed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.protocols import TrainingRun
from annotate.training import run_steps as run_steps_module
from annotate.training.stages import InTurn, Stage, run_stages
from tests.annotate.training.checkpoints import KeptInMemory


class Diary:
    """A training that writes down which step of which stage it took; one letter a stage."""

    def __init__(self, letter, pages=()):
        self.letter, self.pages = letter, list(pages)

    def take_step(self, step):
        self.pages.append(f"{self.letter}{step}")
        return float(step)

    def arrays(self):
        return {"pages": np.array(self.pages)}

    def load_arrays(self, arrays):
        self.pages = arrays["pages"].tolist()


def stage(letter, n_steps):
    """A stage that copies what the one before wrote."""
    return Stage(letter, n_steps, lambda before: Diary(letter, before.pages if before else ()))


STAGES = [stage("a", 2), stage("b", 1), stage("c", 3)]
ALL = ["a0", "a1", "b0", "c0", "c1", "c2"]


def test_each_stage_counts_its_own_steps_and_begins_from_the_one_before():
    last = run_stages(STAGES, TrainingRun(), "key")
    assert (last.letter, last.pages) == ("c", ALL)


@pytest.mark.parametrize("killed_after", range(1, len(ALL) + 1))
def test_a_killed_training_goes_on_in_the_stage_that_it_was_in(killed_after, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    run = TrainingRun(checkpoints=KeptInMemory(killed_after))
    with pytest.raises(KeyboardInterrupt):
        run_stages(STAGES, run, "key")
    told = []
    again = replace(run, progress=lambda done, total, what: told.append((done, total, what)))
    assert run_stages(STAGES, again, "key").pages == ALL
    assert [done for done, _, _ in told] == list(range(killed_after, len(ALL) + 1))


def test_progress_counts_all_steps_and_names_the_stage():
    told = []
    run_stages(STAGES, TrainingRun(progress=lambda *said: told.append(said)), "key")
    assert told[2:4] == [(3, 6, "steps, loss 0.000 (b)"), (4, 6, "steps, loss 0.000 (c)")]


def test_a_stage_to_be_loaded_is_given_nothing_of_the_one_before():
    given = []

    def begin(before):
        given.append(before)
        return Diary("b")

    training = InTurn([stage("a", 1), Stage("b", 1, begin)])
    training.load_arrays({"stage": np.array(1), "pages": np.array(["a0"])})
    training.take_step(1)
    assert given == [None]
    assert training.current.pages == ["a0", "b0"]
