"""The process that learns from answers as they come: ``python -m annotate.steps.live_worker DIR``.

``live_learning`` starts it. It wakes when a line arrives on its standard input, and every second to
see answers that other programs stored; it ends when its input does, that is with its parent,
however that died. On standard output it says, one JSON line each, what keeps it from learning. Its
work is niced and takes half the cores: the person who answers comes first.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.errors import AnnotateError, NotReadyError, ProjectBusyError
from annotate.protocols import NO_LABEL, Ints
from annotate.review.decision_rules import resolve_decisions
from annotate.review.prediction_summary import summarise_prediction
from annotate.schema import Schema
from annotate.steps.corpus_view import current_features
from annotate.steps.current_gold import read_current_gold
from annotate.steps.given_labels import GivenLabels, combine_labels
from annotate.steps.live_prediction import (
    LiveFacts,
    create_log_proba,
    open_next,
    publish,
    withdraw,
)
from annotate.steps.predict import parameters_sha256
from annotate.steps.predicting import StoredProba, current_prediction
from annotate.steps.workspace import Workspace, open_workspace
from annotate.store.decisions import last_seq, read_decisions
from annotate.store.gold import count_gold_changes
from annotate.store.items import count_items, dropped_mask
from annotate.store.locks import run_lock
from annotate.store.marks import Marks, read_marks
from annotate.store.schema_versions import latest_schema
from annotate.training.correction import Correction, unit_features

POLL_S = 1.0
NICENESS = 10
# In half precision: 2,000,000 items of 512 dimensions; predictions of 1,000,000 items in 1,000.
MOST_FEATURE_BYTES = 2 << 30
MOST_PROBA_BYTES = 2 << 30
# A fit on more takes seconds and gains little; answers come before gold.
MOST_TRAINING_ROWS = 16_384
# Blocks of this size stay in a processor's cache.
VALUES_PER_BLOCK = 1_000_000


@dataclass(frozen=True)
class _Ground:
    """What a load is good for: anything else here means loading again."""

    n_items: int
    schema_version: int
    prediction_id: str | None


@dataclass(frozen=True)
class _Labels:
    """What a publication is good for, together with its ground."""

    last_seq: int
    n_gold_changes: int
    marks: Marks


class LiveStudent:
    """Features in memory, answers as read so far, and what was last published."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._live = workspace.paths.live
        self._ground: _Ground | None = None
        self._labels: _Labels | None = None
        self._schema: Schema = workspace.schema
        self._features: NDArray[np.float16]
        self._base: StoredProba | None = None
        self._events: pd.DataFrame | None = None
        self._gold: pd.DataFrame | None = None
        self._gold_as_of: int | None = None

    def catch_up(self) -> None:
        """Learn from what is new, and publish; nothing happens where nothing is.

        Raises
        ------
        NotReadyError
            If the project has no features, or too many for this.
        """
        started = time.perf_counter()
        ground, labels, schema = self._look()
        if ground != self._ground:
            self._load(ground, schema)
        if labels != self._labels:
            self._learn(labels, started)
            self._labels = labels

    def _look(self) -> tuple[_Ground, _Labels, Schema]:
        record = current_prediction(self._workspace)
        with self._workspace.store.read() as connection:
            schema = latest_schema(connection)
            ground = _Ground(
                count_items(connection), schema.version, record["prediction_id"] if record else None
            )
            labels = _Labels(
                last_seq(connection), count_gold_changes(connection), read_marks(connection)
            )
        return ground, labels, schema

    def _load(self, ground: _Ground, schema: Schema) -> None:
        self._ground = self._labels = None
        features = current_features(self._workspace, ground.n_items)
        check_size(ground.n_items, features.shape[1], schema.n_classes)
        self._features = unit_features(features)
        self._base = (
            StoredProba(self._workspace.store, ground.prediction_id, schema)
            if ground.prediction_id
            else None
        )
        self._schema, self._ground = schema, ground
        self._gold = None  # it counts as the schema says

    def _learn(self, labels: _Labels, started: float) -> None:
        import torch

        assert self._ground is not None
        given = self._read_labels(labels)
        rows = training_rows(given)
        if not len(rows):
            withdraw(self._live)
            return
        correction = Correction().fit(
            self._features[rows], given.training[rows], self._base_proba_at(rows)
        )
        log_proba = create_log_proba(self._live, (self._ground.n_items, self._schema.n_classes))
        n_rows = max(1, VALUES_PER_BLOCK // self._schema.n_classes)
        for start in range(0, len(log_proba), n_rows):
            stop = min(start + n_rows, len(log_proba))
            corrected = correction.log_proba(
                self._features[start:stop], self._base_proba(start, stop)
            )
            # As predicting.py does: NumPy rounds to half precision one value at a time.
            log_proba[start:stop] = torch.from_numpy(corrected).half().numpy()
        del log_proba
        summary = summarise_prediction(
            open_next(self._live), self._ground.n_items, self._schema.class_active
        )
        from_people = (given.human.labels != NO_LABEL) | (given.human.derived != NO_LABEL)
        facts = LiveFacts(
            n_answers=int((from_people & (given.training != NO_LABEL)).sum()),
            last_seq=labels.last_seq,
            n_items=self._ground.n_items,
            schema_version=self._ground.schema_version,
            base_prediction_id=self._ground.prediction_id,
            weights_sha256=parameters_sha256(correction.parameters()),
            elapsed_s=round(time.perf_counter() - started, 3),
        )
        publish(self._live, facts, summary)

    def _read_labels(self, labels: _Labels) -> GivenLabels:
        """Return the labels up to ``labels.last_seq``, reading only what is new."""
        assert self._ground is not None
        n_items, known = self._ground.n_items, self._events
        with self._workspace.store.read() as connection:
            after = 0 if known is None or known.empty else int(known["seq"].iloc[-1])
            new = read_decisions(connection, after)
            if self._gold is None or self._gold_as_of != labels.n_gold_changes:
                gold = read_current_gold(connection, self._schema)
                # One that has just been imported may yet be held back.
                self._gold = gold[gold["role"] != "unassigned"]
                self._gold_as_of = labels.n_gold_changes
            dropped = dropped_mask(connection, n_items)
        new = new[new["seq"] <= labels.last_seq]
        if known is None or known.empty:
            self._events = new
        elif not new.empty:
            self._events = pd.concat([known, new], ignore_index=True)
        assert self._events is not None
        human = resolve_decisions(self._events, n_items, self._schema.heirs())
        return combine_labels(human, self._gold, dropped)

    def _base_proba(self, start: int, stop: int) -> NDArray[np.float32]:
        n_classes = self._schema.n_classes
        if self._base is None:
            return np.full((stop - start, n_classes), np.nan, dtype=np.float32)
        return self._base.read_for(start, stop, n_classes)

    def _base_proba_at(self, rows: Ints) -> NDArray[np.float32]:
        if self._base is None:
            return np.full((len(rows), self._schema.n_classes), np.nan, dtype=np.float32)
        return self._base.take(rows)


def training_rows(given: GivenLabels) -> NDArray[np.int64]:
    """Return the items to learn from, ascending: all answers that may train, then gold.

    No more than ``MOST_TRAINING_ROWS``; where there are more of a kind a sample of it, the same
    one every time.
    """
    trains = given.training != NO_LABEL
    from_people = (given.human.labels != NO_LABEL) | (given.human.derived != NO_LABEL)
    generator = seeded_generator(0, "live training rows")
    in_turn = [
        generator.permutation(np.flatnonzero(trains & who)) for who in (from_people, ~from_people)
    ]
    return np.sort(np.concatenate(in_turn)[:MOST_TRAINING_ROWS])


def check_size(n_items: int, dim: int, n_classes: int) -> None:
    """Raise NotReadyError where learning live would take too much memory or disk.

    Features stay in memory in half precision, and a prediction of the whole corpus is written for
    every few answers.
    """
    for what, n_columns, most in (
        ("features", dim, MOST_FEATURE_BYTES),
        ("predictions", n_classes, MOST_PROBA_BYTES),
    ):
        size = 2 * n_items * n_columns
        if size > most:
            raise NotReadyError(
                f"Live learning needs {what} of {most / 2**30:.0f} GiB at most; {n_items:,} x"
                f" {n_columns:,} take {size / 2**30:.1f}. Use `annotate train` instead."
            )


def run(
    workspace: Workspace, wait: Callable[[], bool], report: Callable[[str | None], None]
) -> None:
    """Learn whenever ``wait`` returns, until it returns False.

    Parameters
    ----------
    report : function
        Told in words what keeps the project from being learnt from, and None when nothing does.
    """
    student = LiveStudent(workspace)
    told: str | None = ""
    while True:
        problem = None
        try:
            student.catch_up()
        except AnnotateError as error:  # features that are not there yet, a full disk
            problem = str(error)
        if problem != told:
            report(problem)
            told = problem
        if not wait():
            return


def main() -> None:
    """Serve the project that the command line names until standard input ends."""
    import torch

    reports = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # Whatever a library prints goes to the log, not among the reports.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(NICENESS)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))

    def report(problem: str | None) -> None:
        print(json.dumps({"problem": problem}), file=reports, flush=True)

    def wait() -> bool:
        ready, _, _ = select.select([sys.stdin], [], [], POLL_S)
        # All that has come in: many answers are learnt from at once.
        return not ready or bool(os.read(sys.stdin.fileno(), 65_536))

    workspace = open_workspace(Path(sys.argv[1]))
    try:
        while True:
            try:
                # One process a project; the others of it read what this one publishes.
                with run_lock(workspace.paths.locks / "live.lock", "review"):
                    return run(workspace, wait, report)
            except ProjectBusyError:
                report(None)
                if not wait():
                    return
    finally:
        workspace.close()


if __name__ == "__main__":
    main()
