"""Every registered queue order over a million items: how long it takes, and its memory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch  # noqa: F401  loaded before the clock starts, as in a program that runs on
from scipy.special import log_softmax

from annotate.protocols import Ints, Rows
from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import PredictionSummary, summarise_prediction
from annotate.review.queue import queue_orders
from annotate.schema import ClassSpec
from annotate.steps.order_context import ProbaInForce
from annotate.steps.predicting import StoredProba, rows_per_part
from annotate.steps.workspace import Workspace, create_workspace, open_workspace
from annotate.store.arrays import create_array, find_array
from pipelines.bench.alone import Cost, run_alone
from pipelines.bench.row import Row

LIMIT_GIB = 3.0
N_LABELS = 1_000
FEATURES, TEACHERS, SUMMARY = "features", ("first", "second"), "summary.npz"


def measure(n_items: int = 1_000_000, n_classes: int = 100, dim: int = 256) -> list[Row]:
    """Rank the same items by each order, in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        write_arrays(project, n_items, n_classes, dim)
        costs = {name: run_alone(rank, project, name) for name in queue_orders.names()}
    size = f"{n_items:,} x {n_classes}"
    return [_row(f"queue order {name} over {size}", cost, dim) for name, cost in costs.items()]


def _row(name: str, cost: Cost, dim: int) -> Row:
    reads = ", ".join(f"{what} x {dim}" if what == FEATURES else what for what in cost.value)
    return Row(
        name,
        cost.elapsed_s,
        "s",
        f"≤ {LIMIT_GIB:g} GiB",
        cost.peak_gib <= LIMIT_GIB,
        note=f"peak {cost.peak_gib:.2f} GiB; {cost.cpu_s:,.1f} s of CPU, one run;"
        f" reads {reads or 'the summary alone'}",
    )


class MeasuredSources:
    """The arrays of ``write_arrays`` as ``OrderSources``; notes what an order asks for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.asked_for: list[str] = []

    def features(self) -> Rows:
        """Return the features."""
        self.asked_for.append(FEATURES)
        found = find_array(self._workspace.store, "features", FEATURES)
        assert found is not None
        return found

    def neighbours(self, k: int) -> Ints:
        """Return drawn neighbours: finding real ones is a step of its own."""
        self.asked_for.append(f"{k} neighbours")
        n_items = said_by(self._workspace, TEACHERS[0]).shape[0]
        return np.random.default_rng(1).integers(n_items, size=(n_items, k), dtype=np.int32)

    def prediction(self) -> Rows:
        """Return what the first teacher says."""
        self.asked_for.append("prediction")
        return said_by(self._workspace, TEACHERS[0])

    def predictions(self) -> Sequence[Rows]:
        """Return what both teachers say."""
        self.asked_for.append("predictions")
        return [said_by(self._workspace, teacher) for teacher in TEACHERS]


def rank(project: Path, name: str) -> list[str]:
    """Put the items in order; return what the order read besides the summary."""
    with np.load(project / SUMMARY) as kept:
        summary = PredictionSummary(**kept)
    workspace = open_workspace(project)
    n_items = len(summary.predicted)
    labels = np.full(n_items, -1)
    labelled = np.linspace(0, n_items - 1, min(N_LABELS, n_items // 10)).astype(np.int64)
    labels[labelled] = np.arange(len(labelled)) % workspace.schema.n_classes
    order = queue_orders.make(name)
    rows = np.arange(n_items) if order.includes_labelled else np.flatnonzero(labels < 0)
    sources = MeasuredSources(workspace)
    context = OrderContext(rows, labels, workspace.schema.n_classes, 0, sources)
    order.rank(summary, context)
    workspace.close()
    return sources.asked_for


def said_by(workspace: Workspace, teacher: str) -> ProbaInForce:
    """Return a stored prediction as a queue order gets it."""
    stored = StoredProba(workspace.store, teacher, workspace.schema)
    return ProbaInForce(stored, workspace.schema, stored.shape[0])


def write_arrays(project: Path, n_items: int, n_classes: int, dim: int) -> None:
    """Make a project without items: features, what two teachers say, and the first's summary."""
    rng = np.random.default_rng(0)
    specs = tuple(ClassSpec(number, f"c{number}") for number in range(n_classes))
    workspace = create_workspace(project, specs, modality="features")
    centres = rng.standard_normal((n_classes, dim), dtype=np.float32)
    classes = rng.integers(n_classes, size=n_items)
    features = create_array(workspace.store, "features", FEATURES, dim)
    for part_no, start in enumerate(range(0, n_items, features.part_rows)):
        own = classes[start : start + features.part_rows]
        noise = rng.standard_normal((len(own), dim), dtype=np.float32)
        features.write_part(part_no, (centres[own] + 1.5 * noise).astype(np.float16))
    for teacher in TEACHERS:
        proba = create_array(
            workspace.store, "predictions", teacher, n_classes, part_rows=rows_per_part(n_classes)
        )
        for part_no, start in enumerate(range(0, n_items, proba.part_rows)):
            own = classes[start : start + proba.part_rows]
            logits = rng.standard_normal((len(own), n_classes), dtype=np.float32)
            logits[np.arange(len(own)), own] += 3
            proba.write_part(part_no, log_softmax(logits, axis=1).astype(np.float16))
    everything = np.ones(n_classes, dtype=bool)
    summary = summarise_prediction(said_by(workspace, TEACHERS[0]), n_items, everything)
    np.savez(project / SUMMARY, **vars(summary))
    workspace.close()
