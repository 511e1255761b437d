"""One more answer in the review app: how long until every item is predicted and ranked anew."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

import annotate
from annotate.review.queue import DEFAULT_ORDER, build_queue, queue_orders
from annotate.steps.live_learning import LiveLearner
from annotate.steps.live_prediction import LivePrediction
from annotate.steps.predict import predict
from annotate.steps.workspace import open_workspace
from annotate.store.decisions import Decision, append_decisions
from pipelines.bench.alone import run_alone
from pipelines.bench.corpora import write_features
from pipelines.bench.row import Row, spread

LOOK_EVERY_S = 0.01
MOST_WAIT_S = 120.0


@dataclass(frozen=True)
class Times:
    """Seconds from each answer to a new queue, and the longest stall of this process meanwhile."""

    answers_s: list[float]
    worker_s: list[float]
    stall_s: float


def measure(
    n_items: int = 100_000, dim: int = 512, n_classes: int = 10, n_runs: int = 10
) -> list[Row]:
    """Save answers one by one beside the live worker, as the review server does."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table, features = write_features(folder, n_items, dim, n_classes, every=n_items // 1000)
        names = [f"c{number}" for number in range(n_classes)]
        with annotate.create(folder / "project", names, modality="features") as opened:
            opened.add(table, id_column="id", label_column="label", features=features)
        run_alone(predict_once, folder / "project")
        times: Times = run_alone(answer_live, folder / "project", n_runs).value
    answers_s = times.answers_s
    return [
        Row(
            f"live learning, {n_items:,} items",
            median(answers_s),
            "s",
            "≤ 2 s to new order of all",
            median(answers_s) <= 2,
            note=f"{dim} features, {n_classes} classes, 1,000 gold labels; of it in the worker"
            f" {median(times.worker_s):.2f} s; longest stall of the server's own process"
            f" {times.stall_s * 1e3:.0f} ms; {spread(answers_s, 's')}",
        )
    ]


def predict_once(project: Path) -> None:
    """Give the project a prediction to correct."""
    workspace = open_workspace(project)
    predict(workspace, "probe")
    workspace.close()


def answer_live(project: Path, n_answers: int) -> Times:
    """Return what each answer took, from before it is saved until the queue is in a new order."""
    workspace = open_workspace(project)
    answers_s, worker_s = [], []
    with LiveLearner(workspace) as learner, longest_stall() as stalls:
        # The first one also waits for the worker to start and to read the corpus.
        for number in range(n_answers + 1):
            started = time.perf_counter()
            # Items 1, 2, ... have no gold label.
            event = Decision(f"answer-{number}", 1 + number, "reviewer", "relabel", 1, class_no=0)
            [seq] = append_decisions(workspace.store, [event])
            learner.wake()
            prediction = wait_for(learner, seq)
            is_open = np.ones(prediction.facts.n_items, dtype=bool)
            is_open[1 : 2 + number] = False
            build_queue(
                prediction.summary, queue_orders.make(DEFAULT_ORDER), is_open=is_open,
                labels=np.where(is_open, -1, 0), n_classes=prediction.shape[1],
            )  # fmt: skip
            answers_s.append(time.perf_counter() - started)
            worker_s.append(prediction.facts.elapsed_s)
            if number == 0:
                stalls.clear()
    workspace.close()
    return Times(answers_s[1:], worker_s[1:], max(stalls, default=0.0))


def wait_for(learner: LiveLearner, seq: int) -> LivePrediction:
    """Return the first live prediction that knows of decision ``seq``."""
    end = time.monotonic() + MOST_WAIT_S
    while time.monotonic() < end:
        newest = learner.latest()
        if newest is not None and newest.facts.last_seq >= seq:
            return newest
        time.sleep(LOOK_EVERY_S)
    raise RuntimeError(
        f"The worker must publish within {MOST_WAIT_S:.0f} s; got {learner.problem() or 'nothing'}."
        " See its messages above."
    )


@contextmanager
def longest_stall() -> Iterator[list[float]]:
    """Give a list of how much later than asked for another thread of this process woke."""
    stalls: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            started = time.perf_counter()
            time.sleep(LOOK_EVERY_S)
            stalls.append(time.perf_counter() - started - LOOK_EVERY_S)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        yield stalls
    finally:
        done.set()
        ticker.join()
