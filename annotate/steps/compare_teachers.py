"""Compare teachers: stored predictions side by side, judged by what people answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.corpus.printable import printable
from annotate.protocols import NO_LABEL, Bools
from annotate.review.teachers_board import (
    Answers,
    Disagreement,
    PairScore,
    TeacherScore,
    find_disagreements,
    score_pair,
    score_teacher,
)
from annotate.steps.derive_labels import derivable
from annotate.steps.given_labels import GivenLabels
from annotate.steps.measured_answers import measured_answers
from annotate.steps.snapshot import Snapshot, summary_of
from annotate.steps.workspace import Workspace
from annotate.store.history import Record, list_predictions

MOST_TEACHERS = 10


@dataclass(frozen=True)
class ComparedTeacher:
    """One prediction; ``name`` says whose, made printable, and no two have the same."""

    name: str
    prediction_id: str
    in_force: bool
    score: TeacherScore


@dataclass(frozen=True)
class TeachersBoard:
    """Predictions side by side; ``pairs`` has an entry for each i < j."""

    teachers: tuple[ComparedTeacher, ...]
    pairs: dict[tuple[int, int], PairScore]
    n_seen: int
    n_blind: int
    n_gold: int


def compare_teachers(workspace: Workspace, snapshot: Snapshot) -> TeachersBoard:
    """Return the newest prediction of each teacher, and of the head's student, compared.

    At most ``MOST_TEACHERS``, newest first.
    """
    answers = judging_answers(snapshot.labels.given)
    records = _newest_of_each(workspace, snapshot)
    guesses = [summary_of(workspace, snapshot, r["prediction_id"]).predicted for r in records]
    current = snapshot.prediction["prediction_id"] if snapshot.prediction else None
    told = answers.all
    return TeachersBoard(
        teachers=tuple(
            ComparedTeacher(
                name, r["prediction_id"], r["prediction_id"] == current, score_teacher(g, answers)
            )
            for name, r, g in zip(_names(records), records, guesses, strict=True)
        ),
        pairs={
            (i, j): score_pair(guesses[i], guesses[j], told)
            for i in range(len(guesses))
            for j in range(i + 1, len(guesses))
        },
        n_seen=int((answers.seen != NO_LABEL).sum()),
        n_blind=int((answers.blind != NO_LABEL).sum()),
        n_gold=int((answers.gold != NO_LABEL).sum()),
    )


def read_disagreements(
    workspace: Workspace, snapshot: Snapshot, first: str, second: str
) -> tuple[Disagreement, ...]:
    """Return how two predictions, given by their ids, differ, the largest group first."""
    return find_disagreements(
        summary_of(workspace, snapshot, first).predicted,
        summary_of(workspace, snapshot, second).predicted,
        judging_answers(snapshot.labels.given).all,
        _open(workspace, snapshot),
    )


@dataclass(frozen=True)
class TeacherGroup:
    """The items that one prediction gives one class and another prediction another."""

    first_prediction: str
    first_class: int
    second_prediction: str
    second_class: int

    def rows(self, workspace: Workspace, snapshot: Snapshot) -> NDArray[np.int64]:
        """Return the item numbers, ascending."""
        first = summary_of(workspace, snapshot, self.first_prediction).predicted
        second = summary_of(workspace, snapshot, self.second_prediction).predicted
        return np.flatnonzero((first == self.first_class) & (second == self.second_class))

    def open_rows(self, workspace: Workspace, snapshot: Snapshot) -> NDArray[np.int64]:
        """Return those of them that may take a derived label."""
        rows = self.rows(workspace, snapshot)
        return rows[_open(workspace, snapshot)[rows]]

    def answers(self, workspace: Workspace, snapshot: Snapshot) -> NDArray[np.int64]:
        """Return what people answered to items of the group, one entry an answered item."""
        told = judging_answers(snapshot.labels.given).all[self.rows(workspace, snapshot)]
        return told[told != NO_LABEL]


def judging_answers(given: GivenLabels) -> Answers:
    """Return what predictions are judged by, each kind apart."""
    measured = measured_answers(given)
    is_blind = measured.spot_check | measured.audit
    labels = np.where(given.dropped, NO_LABEL, given.human.labels)
    return Answers(
        seen=np.where(is_blind, NO_LABEL, labels),
        blind=np.where(is_blind, measured.truth, NO_LABEL),
        gold=np.where(measured.gold, measured.truth, NO_LABEL),
    )


def _open(workspace: Workspace, snapshot: Snapshot) -> Bools:
    return derivable(workspace, snapshot.labels.given)


def _newest_of_each(workspace: Workspace, snapshot: Snapshot) -> list[Record]:
    with workspace.store.read() as connection:
        records = list_predictions(connection)
    newest = {r["teacher"]: r for r in records if r["round_no"] is None}
    found = sorted(newest.values(), key=lambda r: -r["prediction_no"])
    current = snapshot.prediction
    if current is not None and current["round_no"] is not None:
        found.insert(0, current)
    return found[:MOST_TEACHERS]


def _names(records: list[Record]) -> list[str]:
    names: list[str] = []
    for record in records:
        is_student = record["round_no"] is not None
        name = f"round {record['round_no']} student" if is_student else str(record["teacher"])
        name = printable(name)
        names.append(name if name not in names else f"{name} ({record['prediction_id']})")
    return names
