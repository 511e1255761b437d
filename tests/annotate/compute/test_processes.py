"""Several processes on one machine: what each gets, and what they agree on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from annotate.compute.processes import ProcessGroup, current_processes, joined_processes

ROOT = Path(__file__).parents[3]


def run_in_two(script, *arguments):
    """Run a script in two processes, as ``torchrun`` starts them."""
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         str(script), *map(str, arguments)],
        check=True, cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_shares_are_all_places_once():
    shares = [ProcessGroup(rank, 3).share(np.arange(10)) for rank in range(3)]
    assert np.concatenate(shares).tolist() == list(range(10))
    assert ProcessGroup(1, 2).share(np.arange(1)).tolist() == []


def test_one_process_alone_agrees_with_itself():
    weight = torch.nn.Linear(2, 1)
    weight(torch.ones(1, 2)).sum().backward()
    before = weight.weight.grad.clone()
    with joined_processes() as alone:
        assert alone == current_processes() == ProcessGroup(0, 1)
        alone.add_up_gradients(weight)
        assert alone.tell("said") == "said"
        assert alone.add_up(np.ones(2, np.float32)).tolist() == [1, 1]
    assert torch.equal(weight.weight.grad, before)


SCRIPT = """
import json, sys
import numpy as np, torch
from annotate.compute.processes import current_processes, joined_processes

with joined_processes() as processes:
    assert processes == current_processes()
    module = torch.nn.ModuleDict({name: torch.nn.Linear(1, 1, bias=False) for name in "abc"})
    # a has a gradient in both processes, b in the second alone, c in none.
    learning = "a" if processes.rank == 0 else "ab"
    sum(module[name].weight.sum() * (processes.rank + 1) for name in learning).backward()
    processes.add_up_gradients(module)
    untouched = torch.nn.Linear(1, 1)
    processes.add_up_gradients(untouched)
    # As where one process could open none of its items.
    of_the_second = torch.nn.Linear(1, 1, bias=False)
    if processes.rank == 1:
        of_the_second.weight.sum().backward()
    processes.add_up_gradients(of_the_second)
    said = {
        "size": processes.size,
        "gradients": [
            None if weight.grad is None else weight.grad.item() for weight in module.parameters()
        ],
        "untouched": [weight.grad for weight in untouched.parameters()],
        "of the second": of_the_second.weight.grad.item(),
        "told": processes.tell(f"of {processes.rank}"),
        "sum": processes.add_up(np.array([1.0, processes.rank], np.float32)).tolist(),
    }
    with open(f"{sys.argv[1]}/{processes.rank}.json", "w") as file:
        json.dump(said, file)
"""


def test_two_processes_add_up_and_agree(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    run_in_two(tmp_path / "script.py", tmp_path)
    said = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert said[0] == said[1] == {
        "size": 2, "gradients": [3.0, 2.0, None], "untouched": [None, None], "of the second": 1.0,
        "told": "of 0", "sum": [2.0, 1.0],
    }  # fmt: skip


TRAINING = """
import sys
import numpy as np
from annotate.compute.processes import joined_processes
from annotate.protocols import TrainingRun
from annotate.training.fine_tuned import FineTuned
from tests.annotate.training.test_fine_tuned import N_ITEMS, Numbers, ToyNetwork, Y
from tests.annotate.training.test_further_pretraining import MaskableEncoder

ToyNetwork.dropped = 0.0
with joined_processes() as processes:
    for argument in ("all", "adapted"):
        student = FineTuned(argument, n_classes=2, n_steps=20, batch_size=8, micro_batch_size=3)
        student.encoder = MaskableEncoder(np.load(sys.argv[1]))
        student.run = TrainingRun(seed=1, processes=processes)
        # Too few for any to be left out: the weights are those of the last step.
        student.fit(Numbers(N_ITEMS), np.where(np.arange(N_ITEMS) < 8, Y, -1))
        np.savez(f"{sys.argv[2]}/{argument}-{processes.rank}.npz", **student.parameters())
"""


@pytest.fixture
def vectors(rng):
    return (rng.normal(size=(30, 5)) + np.eye(2, 5)[np.arange(30) % 2]).astype(np.float32)


def test_two_processes_learn_what_one_would(vectors, tmp_path):
    np.save(tmp_path / "vectors.npy", vectors)
    script = tmp_path / "training.py"
    script.write_text(TRAINING)
    for folder in ("alone", "two"):
        (tmp_path / folder).mkdir()
    arguments = (tmp_path / "vectors.npy", tmp_path / "alone")
    subprocess.run([sys.executable, str(script), *map(str, arguments)], check=True, cwd=ROOT)
    run_in_two(script, tmp_path / "vectors.npy", tmp_path / "two")
    for argument in ("all", "adapted"):
        alone, first, second = (
            np.load(tmp_path / f"{folder}/{argument}-{rank}.npz")
            for folder, rank in (("alone", 0), ("two", 0), ("two", 1))
        )
        for name in alone.files:
            np.testing.assert_array_equal(first[name], second[name])
            # bfloat16 on some CPUs: halves of a batch are not rounded like the whole.
            np.testing.assert_allclose(first[name], alone[name], atol=2e-4)


ASTRAY = """
import faulthandler, sys
from pathlib import Path
import numpy as np
from annotate.compute.processes import current_processes, joined_processes
from annotate.errors import TrainingError
from annotate.protocols import TrainingRun
from annotate.training.fine_tuned import FineTuned
from tests.annotate.training.test_fine_tuned import N_ITEMS, Numbers, Y
from tests.annotate.training.test_further_pretraining import MaskableEncoder, MaskableToy

# A process that waits for another would outlive the test.
faulthandler.dump_traceback_later(120, exit=True)

class AstrayInTheSecond(MaskableToy):
    def forward(self, batch):
        is_astray = self.training and current_processes().rank == 1
        return super().forward(batch) * (float("nan") if is_astray else 1.0)

with joined_processes() as processes:
    for argument in ("all", "adapted"):
        student = FineTuned(argument, n_classes=2, n_steps=5, batch_size=8)
        student.encoder = MaskableEncoder(np.load(sys.argv[1]))
        student.encoder.network = AstrayInTheSecond
        student.run = TrainingRun(seed=1, processes=processes)
        try:
            student.fit(Numbers(N_ITEMS), Y)
        except TrainingError as error:
            # What comes next is told, as between trainings.
            heard = processes.tell(f"{processes.rank} goes on")
            Path(f"{sys.argv[2]}/{argument}-{processes.rank}.txt").write_text(f"{heard}: {error}")
"""


def test_a_loss_that_is_not_finite_in_one_process_ends_the_training_in_all(vectors, tmp_path):
    np.save(tmp_path / "vectors.npy", vectors)
    (tmp_path / "astray.py").write_text(ASTRAY)
    run_in_two(tmp_path / "astray.py", tmp_path / "vectors.npy", tmp_path)
    for argument, n_steps in (("all", 5), ("adapted", 15)):
        first, second = ((tmp_path / f"{argument}-{n}.txt").read_text() for n in range(2))
        assert first == second
        assert first.startswith("0 goes on: The loss of a training must stay finite")
        assert f"that of step 1 of {n_steps} is nan" in first
