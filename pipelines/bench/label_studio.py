"""To a real Label Studio and back: a push, answers there, a pull, and both again with no news."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import annotate
from annotate.bridges.label_studio.access import Secret
from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.steps.labelstudio.pull import pull
from annotate.steps.labelstudio.push import push
from annotate.steps.workspace import Workspace, open_workspace
from pipelines.bench.corpora import write_texts
from pipelines.bench.label_studio_server import LabelStudioServer, find_label_studio
from pipelines.bench.row import Row

CLASSES = tuple(f"class {number}" for number in range(10))


def measure(n_items: int = 10_000, n_answers: int = 500) -> list[Row]:
    """Start a server with an empty database and time the four exchanges one after another."""
    what = {
        "push": f"Label Studio: push of {n_items:,} tasks with predictions",
        "pull": f"Label Studio: pull of {n_answers:,} answers",
        "again": "Label Studio: second push",
        "nothing": "Label Studio: second pull",
    }
    program = find_label_studio()
    if program is None:
        return [
            Row(name, None, "s", note="Label Studio is not installed") for name in what.values()
        ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with LabelStudioServer(program, folder / "server") as server:
            workspace = _project(folder, n_items)
            with LabelStudioClient(server.url, Secret(server.token)) as client:
                sent, push_s = _timed(push, workspace, client)
                pages = client.tasks_after(sent.project_id, 0)
                tasks = [task["id"] for page in pages for task in page]
                answered_s = _answer(server, tasks[:n_answers])
                stored, pull_s = _timed(pull, workspace, client)
                again, again_s = _timed(push, workspace, client)
                nothing, nothing_s = _timed(pull, workspace, client)
            workspace.close()
    return [
        Row(what["push"], push_s, "s", "each there once", len(tasks) == sent.n_new_tasks == n_items,
            note=f"{n_items / push_s:,.0f} tasks/s"),
        Row(what["pull"], pull_s, "s", "each stored once", stored.n_decisions == n_answers,
            note=f"of {n_items:,} tasks; answering through the server took {answered_s:,.0f} s"),
        Row(what["again"], again_s, "s", "changes nothing", not again.changed),
        Row(what["nothing"], nothing_s, "s", "changes nothing", not nothing.changed,
            note=f"reads again the {nothing.n_tasks_read:,} tasks that changed in the last minute"),
    ]  # fmt: skip


def _project(folder: Path, n_items: int) -> Workspace:
    texts, proba, ids = folder / "texts.csv", folder / "proba.npy", folder / "ids.csv"
    write_texts(texts, n_items)
    drawn = np.random.default_rng(0).dirichlet(np.full(len(CLASSES), 0.3), n_items)
    np.save(proba, drawn.astype(np.float32))
    with texts.open(newline="") as source, ids.open("w", newline="") as target:
        csv.writer(target).writerows([row[0]] for row in csv.reader(source))
    with annotate.create(folder / "project", CLASSES, modality="text") as project:
        project.add(texts, id_column="id", text_column="text")
        project.import_predictions(proba, ids=ids, name="drawn")
    return open_workspace(folder / "project")


def _answer(server: LabelStudioServer, task_ids: list[int]) -> float:
    started = time.perf_counter()
    for number, task_id in enumerate(task_ids):
        server.annotate(task_id, CLASSES[number % len(CLASSES)])
    return time.perf_counter() - started


def _timed(step: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    report = step(*arguments)
    return report, time.perf_counter() - started
