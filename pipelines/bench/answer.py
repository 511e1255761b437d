"""One more human answer: how long until every item has a new prediction."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import annotate
from annotate.steps.predict import predict
from annotate.steps.workspace import open_workspace
from annotate.store.decisions import Decision, append_decisions
from pipelines.bench.alone import run_alone
from pipelines.bench.corpora import write_features
from pipelines.bench.row import Row, spread


def measure(
    n_items: int = 100_000, dim: int = 512, n_classes: int = 10, n_runs: int = 5
) -> list[Row]:
    """Save an answer, refit the probe on all answers, and predict the corpus, in one process."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table, features = write_features(folder, n_items, dim, n_classes, every=n_items // 1000)
        names = [f"c{number}" for number in range(n_classes)]
        with annotate.create(folder / "project", names, modality="features") as opened:
            opened.add(table, id_column="id", label_column="label", features=features)
        cost = run_alone(answer_and_predict, folder / "project", n_runs)
    times = cost.value
    return [
        Row(
            f"one more answer, {n_items:,} items",
            median(times),
            "s",
            "≤ 2 s to new predictions of all",
            median(times) <= 2,
            note=f"probe on {dim} features, 1,000 labels; peak {cost.peak_gib:.2f} GiB;"
            f" {spread(times, 's')}",
        )
    ]


def answer_and_predict(project: Path, n_answers: int) -> list[float]:
    """Return the seconds from each answer to predictions on disk; a first one is not counted."""
    workspace = open_workspace(project)
    times_s = []
    for number in range(n_answers + 1):
        started = time.perf_counter()
        # Items 1, 2, ... have no gold label.
        event = Decision(f"answer-{number}", 1 + number, "reviewer", "relabel", 1, class_no=0)
        append_decisions(workspace.store, [event])
        predict(workspace, "probe")
        times_s.append(time.perf_counter() - started)
    workspace.close()
    return times_s[1:]
