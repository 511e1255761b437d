"""A project to take pictures of: handwritten digits, two teachers, two people and some rounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.corpus.records import SourceOptions
from annotate.review.measuring import purpose_and_role
from annotate.steps.add import add
from annotate.steps.audit import draw_audit, read_audit
from annotate.steps.embed import embed
from annotate.steps.evaluate import read_truth
from annotate.steps.people import set_person
from annotate.steps.predict import predict
from annotate.steps.project_exports import export_into_project
from annotate.steps.review import open_queue
from annotate.steps.snapshot import read_snapshot
from annotate.steps.train import train
from annotate.steps.workspace import Workspace, create_workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.queue_front import read_queue_front
from pipelines.demo_digits import digit_classes, write_digit_images
from pipelines.embedded import data_folder

OWNER, REVIEWER = "Ann", "Bob"
_BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
_SECONDS_AN_ANSWER = 2.5


def make_project(folder: Path) -> Workspace:
    """Make the project in ``folder``, which must be new; its answers are made up from the truth."""
    truth = write_digit_images(folder)
    (folder / "images" / "broken.png").write_bytes(b"not a picture")
    workspace = create_workspace(folder / "digits", digit_classes(), modality="image")
    set_person(workspace, OWNER, "owner")
    set_person(workspace, REVIEWER, "reviewer")
    add(workspace, folder / "images", SourceOptions(modality="image"))
    embed(workspace, f"open_clip:{data_folder() / 'demo_clip'}")
    predict(workspace, "zero_shot")
    train(workspace, n_rounds=0, seed=0)
    train(workspace, seed=0)

    people = _People(workspace, truth)
    with workspace.store.read() as connection:
        spot_check = read_queue_front(connection)["item_no"].tolist()
    people.answer(OWNER, spot_check, errors=0.0)
    people.answer(OWNER, people.next_items(40), errors=0.02)
    people.answer(REVIEWER, people.next_items(30), errors=0.05)
    train(workspace, seed=0)
    predict(workspace, "probe")
    people.answer(REVIEWER, people.next_items(20), errors=0.05)
    people.answer(REVIEWER, people.labelled_by(OWNER)[-30:], errors=0.15)
    draw_audit(workspace, 40, seed=0, by=OWNER)
    people.answer(OWNER, read_audit(workspace, read_snapshot(workspace)).open_items, errors=0.0)
    export_into_project(workspace, OWNER, "first-labels", "csv", excel_safe=True)
    return workspace


class _People:
    """Answers made up from the truth, with times and some errors, each as if seen on a screen."""

    def __init__(self, workspace: Workspace, truth: Path) -> None:
        rows, classes = read_truth(workspace, truth)
        self._workspace = workspace
        self._class_of: NDArray[Any] = np.zeros(workspace.n_items(), dtype=np.int64)
        self._class_of[rows[rows >= 0]] = classes[rows >= 0]
        self._random = np.random.default_rng(0)
        self._now = _BEGIN
        self._answered: dict[str, list[int]] = {}

    def next_items(self, n: int) -> list[int]:
        """Return the first items of the queue."""
        return [int(number) for number in open_queue(self._workspace, seed=0).item_nos[:n]]

    def labelled_by(self, reviewer: str) -> list[int]:
        """Return the items that a reviewer answered, in order."""
        return self._answered[reviewer]

    def answer(self, reviewer: str, item_nos: Sequence[int], *, errors: float) -> None:
        """Answer items; a share ``errors`` of the answers is wrong."""
        queue = open_queue(self._workspace, seed=0)
        asked_first = queue.basis.asked_first
        predicted = queue.summary.predicted
        events = []
        for number in item_nos:
            class_no = int(self._class_of[number])
            if self._random.random() < errors:
                class_no = (class_no + int(self._random.integers(1, 10))) % 10
            purpose, role = purpose_and_role(asked_first.get(number))
            blind = role == "held_back"
            guess = int(predicted[number])
            self._now += timedelta(seconds=float(self._random.gamma(4, _SECONDS_AN_ANSWER / 4)))
            events.append(
                Decision(
                    event_id=f"{reviewer}:{number}",
                    item_no=number,
                    reviewer=reviewer,
                    kind="accept" if class_no == guess else "relabel",
                    class_no=class_no,
                    schema_version=1,
                    purpose=purpose,
                    role=role,
                    shown={"blind": True} if blind else {"blind": False, "class_no": guess},
                    decided_at_utc=self._now.isoformat(),
                )
            )
        self._answered.setdefault(reviewer, []).extend(item_nos)
        self._now += timedelta(minutes=20)
        append_decisions(self._workspace.store, events)
