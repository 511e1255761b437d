"""The classes of a project: their labels, their doubtful items, and what is taken for what."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL
from annotate.review.class_board import ClassRow, class_rows, most_suspicious
from annotate.review.confusions import Confusions, count_confusions
from annotate.review.decision_rules import LABELLING
from annotate.steps.labels import SOURCES
from annotate.steps.open_items import blind_mask
from annotate.steps.snapshot import Snapshot, current_summary
from annotate.steps.workspace import Workspace

Against = Literal["shown", "predicted"]
MOST_IN_GALLERY = 500


def read_class_rows(workspace: Workspace, snapshot: Snapshot) -> tuple[ClassRow, ...]:
    """Return one row a class, in order of class_no."""
    labels = snapshot.labels
    summary = current_summary(workspace, snapshot)
    return class_rows(snapshot.schema, labels.labels, labels.sources, SOURCES, summary)


def doubtful_items(workspace: Workspace, snapshot: Snapshot, class_no: int) -> tuple[int, ...]:
    """Return the items of a class, most suspicious first, at most ``MOST_IN_GALLERY``.

    Without those to be answered blind: standing among them tells what they are predicted as.
    """
    labels = snapshot.labels
    shown = labels.labels.copy()
    left_out = labels.given.dropped | blind_mask(labels.given, snapshot.asked_first)
    shown[left_out] = np.iinfo(shown.dtype).max  # in no class
    summary = current_summary(workspace, snapshot)
    return tuple(most_suspicious(class_no, shown, summary, MOST_IN_GALLERY).tolist())


def read_confusions(workspace: Workspace, snapshot: Snapshot, against: Against) -> Confusions:
    """Return how people's answers differ from suggestions.

    Parameters
    ----------
    against : {"shown", "predicted"}
        The suggestion that was on the screen when the answer was given (each reviewer's answer
        counts; blind ones had none), or what is predicted now of every item that people labelled.
    """
    n_classes = snapshot.schema.n_classes
    human = snapshot.labels.given.human
    if against == "predicted":
        summary = current_summary(workspace, snapshot)
        return count_confusions(human.labels, summary.predicted, n_classes)
    answers = human.standing[human.standing["kind"].isin(LABELLING)]
    answered = answers["class_no"].to_numpy(dtype=np.int64)
    heirs = snapshot.schema.heirs()
    # What a class that was merged has become; none for one that was split.
    now = np.array([own[0] if len(own) == 1 else NO_LABEL for own in heirs] + [NO_LABEL])
    return count_confusions(answered, now[_shown_classes(answers["shown"], n_classes)], n_classes)


def _shown_classes(shown: pd.Series[str], n_classes: int) -> NDArray[np.int64]:
    """Return the class in each ``shown`` text, -1 for none; the server wrote these texts."""
    found = shown.str.extract(r'"class_no":(\d{1,5})\b', expand=False)
    classes = pd.to_numeric(found).fillna(NO_LABEL).to_numpy(dtype=np.int64)
    return np.where(classes < n_classes, classes, NO_LABEL)
