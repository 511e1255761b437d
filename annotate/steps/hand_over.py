"""Hand over: say whether a cheap teacher may take the place of a costly one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL
from annotate.quality.hand_over import HandOverRound, Verdict, judge_hand_over
from annotate.schema import refuse_several_classes
from annotate.selection.settings import read_count, read_share
from annotate.steps.given_labels import read_given_labels
from annotate.steps.measuring import measure
from annotate.steps.predicting import StoredProba, prediction_by
from annotate.steps.workspace import Workspace
from annotate.store.history import head_round_no, lineage, list_predictions

STUDENT = "student"
ROWS_PER_BLOCK = 65_536


@dataclass(frozen=True)
class HandOverReport:
    """Whether the cheap teacher may take over.

    Attributes
    ----------
    verdict : ``yes``, ``no`` or ``not shown``
    rounds : what each of the cheap teacher's last predictions showed, oldest first
    n_rounds_asked, least_kept : the settings
    n_items, n_differ : items that both answered, and those of them on which they differ
    """

    costly: str
    cheap: str
    verdict: Verdict
    rounds: tuple[HandOverRound, ...]
    n_rounds_asked: int
    least_kept: float
    n_items: int
    n_differ: int


def hand_over(
    workspace: Workspace,
    costly: str,
    cheap: str,
    *,
    n_rounds: int = 3,
    least_kept: float = 0.95,
) -> HandOverReport:
    """Judge by held-back gold and the spot check; nothing is changed.

    Parameters
    ----------
    costly, cheap : str
        Teachers that have predicted; ``student`` means the rounds that led to the head.
    n_rounds : int
        So many last predictions of the cheap one must each be good enough.
    least_kept : float
        0 to 1: on so many of the items, at least, nothing may be lost.

    Raises
    ------
    UnknownNameError
        If one of the two has not predicted.
    NotReadyError
        If no label measures.
    ConfigError
        If an item may have several classes.
    """
    refuse_several_classes(workspace.schema, "`annotate predictions hand-over`")
    least_kept = read_share(least_kept, "The share of items on which nothing is lost")
    n_rounds = read_count(n_rounds, "The number of rounds")
    given = read_given_labels(workspace)
    if not (given.measuring != NO_LABEL).any():
        raise NotReadyError(
            "A hand-over must be judged by labels that measure; there are none. Import gold"
            " (`annotate labels import`), or answer the spot check of `annotate train`."
        )
    costly_id = prediction_by(workspace, costly)["prediction_id"]
    cheap_ids = _predictions_of(workspace, cheap)
    right_costly, *right_cheap = (
        found.right
        for prediction_id in (costly_id, *cheap_ids[-n_rounds:])
        if (found := measure(workspace, given, prediction_id)) is not None
    )
    judged = judge_hand_over(right_costly, right_cheap, least_kept, n_rounds)
    n_items, n_differ = _count_differences(workspace, costly_id, cheap_ids[-1])
    return HandOverReport(
        costly, cheap, judged.verdict, judged.rounds, n_rounds, least_kept, n_items, n_differ
    )


def _predictions_of(workspace: Workspace, teacher: str) -> list[str]:
    """Return the ids of a teacher's predictions, oldest first."""
    with workspace.store.read() as connection:
        if teacher == STUDENT:
            head = head_round_no(connection)
            rounds = [] if head is None else lineage(connection, head)[1:]
            found = [record["prediction_id"] for record in rounds]
        else:
            records = list_predictions(connection)
            found = [r["prediction_id"] for r in records if r["teacher"] == teacher]
    if not found and teacher == STUDENT:
        raise NotReadyError("The student needs rounds; there are none. Run `annotate train`.")
    return found or [prediction_by(workspace, teacher)["prediction_id"]]


def _count_differences(workspace: Workspace, one: str, other: str) -> tuple[int, int]:
    """Return how many items both predictions answer, and on how many of them they differ."""
    first, second = (StoredProba(workspace.store, p, workspace.schema) for p in (one, other))
    n_both = n_differ = 0
    n_items = min(first.shape[0], second.shape[0])
    for start in range(0, n_items, ROWS_PER_BLOCK):
        stop = min(start + ROWS_PER_BLOCK, n_items)
        a, b = first.read(start, stop), second.read(start, stop)
        both = ~np.isnan(a[:, 0]) & ~np.isnan(b[:, 0])
        n_both += int(both.sum())
        n_differ += int((a[both].argmax(axis=1) != b[both].argmax(axis=1)).sum())
    return n_both, n_differ
