"""Run one function in a process of its own, so that its time and its memory are its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cost:
    """What a call took, and what it returned.

    ``elapsed_s`` is the call alone; starting the process and importing the function's module come
    before. ``cpu_s`` is what all threads of it computed: on a busy machine elapsed time grows and
    this hardly does. ``peak_gib`` is the whole process with all its imports.
    """

    elapsed_s: float
    cpu_s: float
    peak_gib: float
    value: Any


def run_alone(function: Callable[..., Any], *arguments: Any) -> Cost:
    """Call a module's function in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measure, function, arguments).result()


def _measure(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Cost:
    started, cpu_before_s = time.perf_counter(), time.process_time()
    value = function(*arguments)
    elapsed_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_before_s
    return Cost(elapsed_s, cpu_s, peak_memory_gib(), value)


def peak_memory_gib() -> float:
    """Return the most memory this process ever held.

    On Linux from its own status: what ``getrusage`` says there includes the parent's memory at the
    moment the process was started.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return kib / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30  # bytes on macOS
