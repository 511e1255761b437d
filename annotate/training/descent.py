"""How networks on pixels descend: the optimiser, its rate, and the random numbers of a step."""

from __future__ import annotations

import torch
from torch.nn import Module
from torch.optim import SGD, Optimizer

from annotate.compute.seeding import seeded_generator

# Those of FixMatch (arXiv:2001.07685, table 4) for wide residual networks on CIFAR-10.
RATE = 0.03
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


def make_optimizer(network: Module) -> Optimizer:
    """Return stochastic gradient descent with Nesterov's momentum on all weights."""
    return SGD(
        network.parameters(), lr=RATE, momentum=MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY
    )


def set_rate(optimizer: Optimizer, share: float) -> None:
    """Set the rate of the next step, as a share of the highest."""
    for group in optimizer.param_groups:
        group["lr"] = RATE * share


def step_generator(seed: int, step: int, rank: int = 0) -> torch.Generator:
    """Return torch's random numbers for one step of one process, of the CPU."""
    return torch.Generator().manual_seed(step_number("views", seed, step, rank))


def step_number(purpose: str, seed: int, step: int, rank: int = 0) -> int:
    """Return a seed for torch: of what is random in a step, and of one of several processes."""
    of_helper = (rank,) if rank else ()
    return int(seeded_generator(seed, purpose, step, *of_helper).integers(2**62))
