"""The steps on a million items and a hundred classes: how long each takes, and its memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import torch  # noqa: F401  loaded before the clock starts, as in a program that runs on

import annotate
from annotate.review.queue_request import QueueRequest
from annotate.steps.review import open_queue
from annotate.steps.workspace import open_workspace
from pipelines.bench.alone import Cost, run_alone
from pipelines.bench.corpora import write_features
from pipelines.bench.row import Row, spread

STEP_LIMIT_GIB = 3.0
ORDERS = ("expected_corrections", "typical", "disagreement", "label_error")


def measure(
    n_items: int = 1_000_000, dim: int = 64, n_classes: int = 100, n_runs: int = 3
) -> list[Row]:
    """Add ready-made features, predict by a probe, select, open queues, and train one round."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_features(folder, n_items, dim, n_classes, every=min(200, n_items // 10))
        project = folder / "project"
        names = [f"c{number}" for number in range(n_classes)]
        added = run_alone(add_features, project, folder, names)
        # A strength of its own each time: a prediction that is already there is not made again.
        predicted = [run_alone(predict, project, f"probe:{10 + run}") for run in range(n_runs)]
        selected = {
            name: [run_alone(select, project, [name]) for _ in range(n_runs)]
            for name in ("growing_share", "growing_quota")
        }
        opened = {name: run_alone(open_in_order, project, name) for name in ORDERS}
        trained = run_alone(train, project)
    size = f"{n_items:,} x {n_classes}"
    rows = [_timed(f"predict over {size}", predicted, f"probe on {dim} features")]
    for name, costs in selected.items():
        rows.append(_timed(f"select over {size}", costs, name))
    rows.append(_sized(f"add {n_items:,} rows of {dim} features", added))
    for name, cost in opened.items():
        rows.append(_sized(f"open the queue {name} over {size}", cost))
    rows.append(_sized(f"train, one round over {size}", trained, "linear student, no neighbours"))
    return rows


def _timed(name: str, costs: list[Cost], note: str) -> Row:
    times = [cost.elapsed_s for cost in costs]
    peak = max(cost.peak_gib for cost in costs)
    return Row(
        name,
        median(times),
        "s",
        "≤ 5 s, ≤ 2 GiB",
        median(times) <= 5 and peak <= 2,
        note=f"{note}; peak {peak:.2f} GiB; {median(cost.cpu_s for cost in costs):.1f} s of CPU;"
        f" {spread(times, 's')}",
    )


def _sized(name: str, cost: Cost, note: str = "") -> Row:
    times = f"{cost.elapsed_s:,.1f} s, {cost.cpu_s:,.1f} s of CPU, one run"
    return Row(
        f"{name}: memory",
        cost.peak_gib,
        "GiB",
        f"≤ {STEP_LIMIT_GIB:g} GiB",
        cost.peak_gib <= STEP_LIMIT_GIB,
        note=f"{note}; {times}" if note else times,
    )


def add_features(project: Path, folder: Path, classes: list[str]) -> None:
    """Make a project from a table with labels and its features."""
    with annotate.create(project, classes, modality="features") as opened:
        opened.add(
            folder / "items.csv",
            id_column="id",
            label_column="label",
            features=folder / "features.npy",
        )


def predict(project: Path, teacher: str) -> None:
    """Fit a teacher and store its probabilities of every item."""
    with annotate.open(project) as opened:
        opened.predict(teacher)


def select(project: Path, selectors: list[str]) -> None:
    """Say what a round would learn from."""
    with annotate.open(project) as opened:
        opened.select(selectors)


def open_in_order(project: Path, order: str) -> None:
    """Open the review queue; the probes differ in strength, so they are teachers who disagree."""
    workspace = open_workspace(project)
    open_queue(workspace, QueueRequest(order))
    workspace.close()


def train(project: Path) -> None:
    """Run one round with the plain linear student."""
    with annotate.open(project) as opened:
        opened.train(1, student="linear", selectors=["growing_share"])
