"""Several processes that train one network together, started by ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch.nn import Module

STARTED_BY_TORCHRUN = "TORCHELASTIC_RUN_ID"
# The others wait while the first does alone what only it does: teachers, selectors, reports.
LONGEST_WAIT = timedelta(days=7)

Value = TypeVar("Value")


@dataclass(frozen=True)
class ProcessGroup:
    """One of several processes, or the only one; meets ``protocols.Processes``.

    Attributes
    ----------
    rank : int
        0 for the process that reads and writes the project; the others help it.
    size : int
        How many there are.
    """

    rank: int = 0
    size: int = 1

    def share(self, places: NDArray[Any]) -> NDArray[Any]:
        """Return this process's part of some places; all parts together are all of them."""
        part: NDArray[Any] = np.array_split(places, self.size)[self.rank]
        return part

    def tell(self, value: Value) -> Value:
        """Return what the first process gave."""
        if self.size == 1:
            return value
        import torch.distributed as dist

        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def add_up(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of every process's array."""
        if self.size == 1:
            return array
        import torch
        import torch.distributed as dist

        total = torch.as_tensor(array).clone()
        dist.all_reduce(total)
        added: NDArray[Any] = total.numpy()
        return added

    def add_up_gradients(self, module: Module) -> None:
        """Give every weight the sum of its gradients; one that has none anywhere keeps none."""
        if self.size == 1:
            return
        import torch
        import torch.distributed as dist

        weights = [weight for weight in module.parameters() if weight.requires_grad]
        has_gradient = torch.tensor([weight.grad is not None for weight in weights]).int()
        dist.all_reduce(has_gradient)
        learning = [w for w, has in zip(weights, has_gradient.tolist(), strict=True) if has]
        if not learning:
            return
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in learning]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        parts = torch.split(flat, [weight.numel() for weight in learning])
        for weight, part in zip(learning, parts, strict=True):
            weight.grad = part.view_as(weight)


def current_processes() -> ProcessGroup:
    """Return the processes that this one has joined, or itself alone."""
    if STARTED_BY_TORCHRUN not in os.environ:
        return ProcessGroup()
    import torch.distributed as dist

    joined = dist.is_initialized()
    return ProcessGroup(dist.get_rank(), dist.get_world_size()) if joined else ProcessGroup()


@contextmanager
def joined_processes() -> Iterator[ProcessGroup]:
    """Join the processes that ``torchrun`` started; alone where it did not start this one."""
    if STARTED_BY_TORCHRUN not in os.environ:
        yield ProcessGroup()
        return
    import torch
    import torch.distributed as dist

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # Arrays and objects go by way of the CPU, gradients from GPU to GPU where there are some.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=LONGEST_WAIT)
    try:
        yield current_processes()
    finally:
        dist.destroy_process_group()
