"""Simulate: what would a budget of answers buy? Truth plays the reviewer, on a copy."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL, Progress, no_progress
from annotate.quality.simulation_page import render_simulation
from annotate.quality.stopping import DEFAULT_TARGET
from annotate.review.measuring import is_blind
from annotate.review.queue import DEFAULT_ORDER
from annotate.review.queue_request import QueueRequest
from annotate.schema import refuse_several_classes
from annotate.steps.evaluate import evaluate, read_truth
from annotate.steps.given_labels import read_given_labels
from annotate.steps.review import open_queue
from annotate.steps.stopping import read_stop_evidence
from annotate.steps.train import train
from annotate.steps.workspace import Workspace, open_workspace
from annotate.store.decisions import Decision, append_decisions, last_seq
from annotate.store.files import write_bytes
from annotate.store.migrate import backup
from annotate.store.paths import ProjectPaths

REVIEWER = "simulated"
_Rule = tuple[str, float | None]  # a stopping rule, and the target that it is asked about


@dataclass(frozen=True)
class SimulateReport:
    """The curve of accuracy against answers; the first point is before any answer.

    Attributes
    ----------
    points : list of dict
        answers, coverage, accuracy, and accuracy_all: over all items of the truth.
    reached : list of dict
        For each target the answers after which accuracy_all first reached it, None if it did not.
    stops : list of dict
        For each stopping rule and target the answers after which it first said that people may
        stop, and accuracy_all then; None for both if it never did. target is None for the rule
        that knows none.
    """

    queue: str
    budget: int
    batch: int
    seed: int
    points: list[dict[str, Any]]
    reached: list[dict[str, Any]]
    stops: list[dict[str, Any]]
    kept: bool


def simulate(
    workspace: Workspace,
    truth: Path,
    *,
    budget: int,
    queue: str = DEFAULT_ORDER,
    batch: int | None = None,
    seed: int = 0,
    targets: Sequence[float] = (DEFAULT_TARGET,),
    report: Path | None = None,
    keep: bool = False,
    progress: Progress = no_progress,
) -> SimulateReport:
    """Answer ``budget`` items from the queue with the truth, train after each batch, and measure.

    Parameters
    ----------
    truth : Path
        CSV or Parquet with id and label. It answers and measures; nothing else learns from it.
    budget : int
        Answers to give, 1 or more.
    queue : str
        Queue order.
    batch : int, optional
        Answers between two trainings; default is all at once.
    targets : sequence of float
        Shares of all items to be right, each 0 or more and below 1.
    report : Path, optional
        Write the curve as an HTML page there.
    keep : bool
        Write the answers into the project itself, as decisions of purpose ``simulated``. Rounds are
        always trained on the copy only.

    Raises
    ------
    ConfigError
        If budget or batch is below 1, a target is no share, the report cannot be written, or an
        item may have several classes.
    """
    refuse_several_classes(workspace.schema, "`annotate simulate`")
    batch = budget if batch is None else batch
    if budget < 1 or batch < 1:
        raise ConfigError(f"--budget and --batch must be 1 or more; got {budget} and {batch}.")
    for target in targets:
        if not 0 <= target < 1:
            raise ConfigError(f"--target must be 0 or more and below 1, as 0.95; got {target:g}.")
    if report is not None and not report.absolute().parent.is_dir():
        raise ConfigError(f"--report must name a file in a folder that is there; got {report}.")
    answers: list[Decision] = []
    with _copy_of(workspace) as copy:
        points = [_point(copy, truth, 0)]
        said = [_advice(copy, targets)]
        while len(answers) < budget:
            events = answer_queue(
                copy, truth, min(batch, budget - len(answers)), queue=queue, seed=seed
            )
            if not events:
                break  # the queue is empty, or what is left of it has no truth
            answers += events
            train(copy, seed=seed, reports=False)
            points.append(_point(copy, truth, len(answers)))
            said.append(_advice(copy, targets))
            progress(len(answers), budget, "simulate")
    if keep:
        append_decisions(workspace.store, answers)
    reached = [{"target": target, "answers": _first(points, target)} for target in targets]
    stops = _stops(points, said)
    if report is not None:
        title = f"{queue}, batches of {batch:,}, seed {seed}"
        page = render_simulation(title, points, targets, stops)
        write_bytes(report, page.encode("utf-8"))
    return SimulateReport(queue, budget, batch, seed, points, reached, stops, keep)


def answer_queue(
    workspace: Workspace,
    truth: Path,
    n_answers: int,
    *,
    queue: str = DEFAULT_ORDER,
    seed: int = 0,
) -> list[Decision]:
    """Answer the first items of the review queue with the truth; return what was stored.

    An answer to a spot-check item measures and does not train, as it would from a person.
    """
    rows, classes = read_truth(workspace, truth)
    known = rows >= 0
    class_of = np.full(workspace.n_items(), NO_LABEL)
    class_of[rows[known]] = classes[known]
    opened = open_queue(workspace, QueueRequest(queue), seed=seed)
    with workspace.store.read() as connection:
        # Part of each id: an order that doubts labels asks the same item again.
        n_before = last_seq(connection)
    answerable = opened.item_nos[class_of[opened.item_nos] != NO_LABEL][:n_answers]
    events = [
        Decision(
            event_id=f"{REVIEWER}:{workspace.store.project_id()}:{n_before}:{number}",
            item_no=int(number),
            reviewer=REVIEWER,
            kind="relabel",
            class_no=int(class_of[number]),
            schema_version=workspace.schema.version,
            purpose="simulated",
            role="held_back" if is_blind(opened.basis.asked_first.get(int(number))) else "train",
        )
        for number in answerable
    ]
    append_decisions(workspace.store, events)
    return events


def _point(workspace: Workspace, truth: Path, n_answers: int) -> dict[str, Any]:
    result = evaluate(workspace, truth)
    return {
        "answers": n_answers,
        "coverage": result.coverage,
        "accuracy": result.accuracy,
        "accuracy_all": result.accuracy_all,
    }


def _first(points: list[dict[str, Any]], target: float) -> int | None:
    """Return the answers after which the target was first reached."""
    enough = (p["answers"] for p in points if p["accuracy_all"] >= target)
    return next(enough, None)


def _advice(workspace: Workspace, targets: Sequence[float]) -> dict[_Rule, bool]:
    """Return whether people may stop, by rule and target."""
    evidence = read_stop_evidence(workspace, read_given_labels(workspace))
    said: dict[_Rule, bool] = {}
    for target in targets:
        for advice in evidence.advice(target):
            rule = advice.rule, target if advice.has_target else None
            said[rule] = advice.may_stop is True
    return said


def _stops(points: list[dict[str, Any]], said: list[dict[_Rule, bool]]) -> list[dict[str, Any]]:
    """Return for each rule where it first let people stop."""
    stops = []
    for rule, target in said[0]:
        stopped = (p for p, now in zip(points, said, strict=True) if now[rule, target])
        first = next(stopped, {"answers": None, "accuracy_all": None})
        stops.append(
            {
                "rule": rule,
                "target": target,
                "answers": first["answers"],
                "accuracy_all": first["accuracy_all"],
            }
        )
    return stops


@contextmanager
def _copy_of(workspace: Workspace) -> Iterator[Workspace]:
    """Give a copy of the project that shares the bytes of its arrays and vanishes afterwards."""
    root = workspace.paths.root
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-simulate-", dir=root.parent) as folder:
        paths = ProjectPaths(Path(folder) / root.name)
        paths.root.mkdir(mode=0o700)
        shutil.copy2(workspace.paths.config, paths.config)
        backup(workspace.paths.store, paths.store)
        for name in ("arrays", "media", "models"):
            if (root / name).exists():
                # Files are replaced by rename and never changed, so a second name for each will do.
                shutil.copytree(root / name, paths.root / name, copy_function=os.link)
        copy = open_workspace(paths.root)
        try:
            yield copy
        finally:
            copy.close()
