"""Every registered selector on a million items: seconds, and the memory of its process."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from annotate.protocols import NO_LABEL, Floats, Ints, SelectionContext, Selector
from annotate.selection import SELECTORS
from pipelines.bench.alone import run_alone
from pipelines.bench.row import Row, spread

N_NEIGHBOURS = 15
N_EARLIER_ROUNDS = 3
# What those are given that build on predictions on record: here those of earlier rounds.
WITH_ARGUMENT = {"two_cues": "two_cues:round-0+round-1"}
BLOCK_ROWS = 65_536


def measure(
    n_items: int = 1_000_000, n_classes: int = 100, dim: int = 256, n_runs: int = 1
) -> list[Row]:
    """Select for round 4 of 10 with each selector's own settings, each time in a fresh process."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_corpus(folder, n_items, n_classes, dim)
        return [_measure(folder, name, n_items, n_classes, n_runs) for name in SELECTORS.names()]


def _measure(folder: Path, name: str, n_items: int, n_classes: int, n_runs: int) -> Row:
    costs = [run_alone(select, folder, name) for _ in range(n_runs)]
    times = [cost.value[0] for cost in costs]
    peak = max(cost.peak_gib for cost in costs)
    needs = ", ".join(sorted(_make(name).needs)) or "probabilities alone"
    return Row(
        f"select {n_items:,} x {n_classes}: {name}",
        median(times),
        "s",
        "≤ 5 s, ≤ 2 GiB",
        median(times) <= 5 and peak <= 2,
        note=f"{needs}; peak {peak:.2f} GiB, of which the probabilities themselves"
        f" {n_items * n_classes * 4 / 2**30:.2f};"
        f" {median(cost.value[1] for cost in costs):.1f} s of CPU; {spread(times, 's')}",
    )


def _make(name: str) -> Selector:
    selector: Selector = SELECTORS.make(WITH_ARGUMENT.get(name, name))
    return selector


def write_corpus(folder: Path, n_items: int, n_classes: int, dim: int) -> None:
    """Write probabilities of this and earlier rounds, features, neighbours and a few labels.

    Neighbours lie anywhere, as in a corpus in no order; rounds differ by noise, features do not
    know the classes. They are in half precision, as a project has them; earlier rounds are not, so
    that it is the selector that is timed and not the conversion.
    """
    rng = np.random.default_rng(0)
    np.save(
        folder / "neighbours.npy", rng.integers(n_items, size=(n_items, N_NEIGHBOURS), dtype="i4")
    )
    few = rng.integers(n_classes, size=n_items)
    few[np.arange(n_items) % min(200, n_items // 10) > 0] = NO_LABEL
    np.save(folder / "labels.npy", few)
    names = ["proba.npy", *(f"round-{k}.npy" for k in range(N_EARLIER_ROUNDS))]
    proba, *rounds = (_new(folder / name, n_items, n_classes, np.float32) for name in names)
    features = _new(folder / "features.npy", n_items, dim, np.float16)
    for start in range(0, n_items, BLOCK_ROWS):
        block = slice(start, min(start + BLOCK_ROWS, n_items))
        shape = (block.stop - start, n_classes)
        logits = 3 * rng.standard_normal(shape, dtype=np.float32)
        proba[block] = softmax(logits, axis=1)
        for earlier in rounds:
            noise = rng.standard_normal(shape, dtype=np.float32)
            earlier[block] = softmax(logits + noise, axis=1)
        features[block] = rng.standard_normal((shape[0], dim), dtype=np.float32)


def _new(path: Path, n_rows: int, n_columns: int, dtype: type[np.floating[Any]]) -> Floats:
    file: Floats = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        path, "w+", dtype, (n_rows, n_columns)
    )
    return file


class RowsOnDisk:
    """A matrix on disk, read as float32, as features and rounds are.

    The file is mapped anew for each reading, as a project's arrays are: pages that were read long
    ago are no memory of the process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.shape = np.load(path, mmap_mode="r").shape

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows start to stop - 1."""
        return np.asarray(np.load(self._path, mmap_mode="r")[start:stop], dtype=np.float32)

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the given rows."""
        return np.asarray(np.load(self._path, mmap_mode="r")[rows], dtype=np.float32)


def select(folder: Path, name: str) -> tuple[float, float]:
    """Return the seconds that a selector takes, and those of CPU, with all it asks for at hand."""
    proba = np.load(folder / "proba.npy")
    rounds = [RowsOnDisk(folder / f"round-{k}.npy") for k in range(N_EARLIER_ROUNDS)]
    context = SelectionContext(
        labels=np.load(folder / "labels.npy"),
        round_no=N_EARLIER_ROUNDS + 1,
        n_rounds=10,
        neighbours=np.load(folder / "neighbours.npy"),
        features=RowsOnDisk(folder / "features.npy"),
        history=rounds,
        predictions=lambda number: RowsOnDisk(folder / f"{number}.npy"),
    )
    selector = _make(name)
    started, cpu_before_s = time.perf_counter(), time.process_time()
    selector.select(proba, context)
    return time.perf_counter() - started, time.process_time() - cpu_before_s
