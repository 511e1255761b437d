"""Everything that a training in progress is made of, as named arrays: for checkpoints.

What is not here must follow from the seed and the number of the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module
from torch.optim import Optimizer

Arrays = dict[str, NDArray[Any]]


def module_arrays(module: Module, prefix: str = "") -> Arrays:
    """Return copies of weights and running statistics on the CPU, by their names."""
    return {
        prefix + name: tensor.detach().cpu().numpy().copy()
        for name, tensor in module.state_dict().items()
    }


def load_module(module: Module, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> None:
    """Give a module what ``module_arrays`` returned of its like."""
    names = module.state_dict().keys()
    module.load_state_dict(
        {name: torch.as_tensor(np.array(arrays[prefix + name])) for name in names}
    )


def optimizer_arrays(optimizer: Optimizer, prefix: str) -> Arrays:
    """Return copies of what an optimiser remembers of each weight; rates are not part of it."""
    return {
        f"{prefix}{number}.{name}": tensor.detach().cpu().numpy().copy()
        for number, remembered in optimizer.state_dict()["state"].items()
        for name, tensor in remembered.items()
        if tensor is not None
    }


def load_optimizer(optimizer: Optimizer, arrays: Mapping[str, NDArray[Any]], prefix: str) -> None:
    """Give an optimiser what ``optimizer_arrays`` returned of its like."""
    state: dict[int, dict[str, Any]] = {}
    for key, array in arrays.items():
        if key.startswith(prefix):
            number, _, name = key.removeprefix(prefix).partition(".")
            state.setdefault(int(number), {})[name] = torch.as_tensor(np.array(array))
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
