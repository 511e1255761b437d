"""What a supervised teacher learns from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, CorpusView, Ints
from annotate.teachers.stored import refuse_multi_label


def labelled_features(view: CorpusView, teacher: str) -> tuple[NDArray[np.float32], Ints]:
    """Return the features and labels of the items that have both.

    Raises
    ------
    ConfigError
        If the task is multi-label.
    NotReadyError
        If fewer than two classes have labels.
    """
    rows = labelled_rows(view, teacher)
    features = view.features().take(rows)
    usable = np.isfinite(features).all(axis=1)
    labels = view.labels[rows[usable]]
    _check_two_classes(labels, view, teacher)
    return features[usable], labels


def labelled_rows(view: CorpusView, teacher: str) -> Ints:
    """Return the items that have a label, features or not; raises as ``labelled_features``."""
    refuse_multi_label(view, teacher)
    rows = np.flatnonzero(view.labels != NO_LABEL)
    _check_two_classes(view.labels[rows], view, teacher)
    return rows


def _check_two_classes(labels: Ints, view: CorpusView, teacher: str) -> None:
    n_seen = len(np.unique(labels))
    if n_seen < 2:
        raise NotReadyError(
            f"The teacher {teacher} needs labels in two classes or more; {n_seen} of"
            f" {len(view.schema.active)} have any. Run `annotate review`, or"
            " `annotate labels import`."
        )
