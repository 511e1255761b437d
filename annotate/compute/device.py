"""Where a model runs, in which number format, and how much at a time."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from annotate.errors import ConfigError

CPU_BATCH_SIZE = 64
CUDA_BATCH_SIZE = 256
MAX_WORKERS = 16


def choose_device(name: str = "auto") -> str:
    """Return the device to run on: ``auto`` is CUDA where there is one, else the CPU.

    Parameters
    ----------
    name : str
        ``auto``, or a device as torch names it: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises
    ------
    ConfigError
        If the device is not known or not present.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"The device must be present on this machine; {name!r} is not ({reason})."
            " Use 'auto' or 'cpu'."
        ) from error
    return str(device)


def choose_dtype(device: str) -> str:
    """Return ``bfloat16`` on a CUDA device that computes in it, else ``float32``.

    Half precision is slower than float32 on most CPUs.
    """
    import torch

    if device.startswith("cuda") and torch.cuda.is_bf16_supported():
        return "bfloat16"
    return "float32"


def choose_training_dtype(device: str) -> str:
    """Return ``bfloat16`` where a network also learns faster in it, else ``float32``.

    So do CUDA devices that compute in it, and CPUs with matrix units for it (AMX): there the small
    residual network takes half the time. Weights, losses and the optimiser stay in float32.
    """
    import torch

    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    if device == "cpu" and capabilities.get("amx_bf16", False):
        return "bfloat16"
    return choose_dtype(device)


def autocast(device: str, dtype: str) -> AbstractContextManager[object]:
    """Return the context in which a model's forward pass runs in ``dtype``."""
    import torch

    if dtype == "float32":
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=getattr(torch, dtype))


def choose_batch_size(device: str) -> int:
    """Return how many items one forward pass takes; results do not depend on it."""
    return CUDA_BATCH_SIZE if device.startswith("cuda") else CPU_BATCH_SIZE


def choose_workers(device: str) -> int:
    """Return how many processes decode beside the model.

    On a GPU every core but one decodes. On a CPU the model itself needs the cores: decoding costs
    a few per cent of a forward pass, so one process keeps up and takes the least away.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if device.startswith("cuda"):
        return max(1, min(MAX_WORKERS, (cores or 1) - 1))
    return 1
