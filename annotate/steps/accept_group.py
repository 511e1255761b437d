"""Accept one teacher for a group of items on which two disagree: preview, then one act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotate.quality.share import Share, share_of
from annotate.steps.compare_teachers import TeacherGroup
from annotate.steps.derive_labels import derive_labels
from annotate.steps.snapshot import Snapshot, summary_of
from annotate.steps.workspace import Workspace

Keep = Literal["first", "second"]


@dataclass(frozen=True)
class GroupPreview:
    """What accepting a teacher for a group would do.

    Attributes
    ----------
    item_nos : tuple of int
        Items that would get a derived label, least sure of the accepted teacher first.
    wrong : Share
        Items of the group that people answered otherwise, of all that they answered: the expected
        error, if those open are like those answered.
    """

    class_no: int
    item_nos: tuple[int, ...]
    wrong: Share


def preview_group(
    workspace: Workspace, snapshot: Snapshot, group: TeacherGroup, keep: Keep
) -> GroupPreview:
    """Return what ``accept_group`` would do; nothing is stored."""
    class_no, prediction_id = _kept(group, keep)
    rows = group.open_rows(workspace, snapshot)
    confidence = summary_of(workspace, snapshot, prediction_id).confidence[rows]
    told = group.answers(workspace, snapshot)
    return GroupPreview(
        class_no,
        tuple(rows[np.argsort(confidence, kind="stable")].tolist()),
        share_of(told != class_no),
    )


def accept_group(
    workspace: Workspace,
    snapshot: Snapshot,
    reviewer: str,
    group: TeacherGroup,
    keep: Keep,
    act_id: str,
) -> int:
    """Give every open item of a group the class of one teacher; return how many got it.

    Stored as derived labels in one commit; ``undo_group`` takes all of it back by ``act_id``.
    """
    class_no, prediction_id = _kept(group, keep)
    rows = group.open_rows(workspace, snapshot)
    wrong = share_of(group.answers(workspace, snapshot) != class_no)
    names = snapshot.schema.names
    payload = {
        "why": f"accepted {names[class_no]!r} where the other teacher says"
        f" {names[_other_class(group, keep)]!r}",
        "prediction_id": prediction_id,
        "other_prediction_id": _kept(group, "second" if keep == "first" else "first")[1],
        "expected_error": wrong.value,
    }
    return derive_labels(workspace, reviewer, rows, np.full(len(rows), class_no), payload, act_id)


def _kept(group: TeacherGroup, keep: Keep) -> tuple[int, str]:
    if keep == "first":
        return group.first_class, group.first_prediction
    return group.second_class, group.second_prediction


def _other_class(group: TeacherGroup, keep: Keep) -> int:
    return group.second_class if keep == "first" else group.first_class
