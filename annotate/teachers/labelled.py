"""What a supervised teacher learns from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import NO_LABEL, CorpusView, Ints


def labelled_features(view: CorpusView, teacher: str) -> tuple[NDArray[np.float32], Ints]:
    """Return the features and labels of the items that have both.

    Raises
    ------
    ConfigError
        If the task is multi-label.
    NotReadyError
        If fewer than two classes have labels.
    """
    if view.schema.task == "multi":
        raise ConfigError(
            f"The teacher {teacher} gives one class per item; this project's task is 'multi'."
            " Import predictions of your own model: `annotate predictions import`."
        )
    rows = np.flatnonzero(view.labels != NO_LABEL)
    features = view.features().take(rows)
    usable = np.isfinite(features).all(axis=1)
    labels = view.labels[rows[usable]]
    n_seen = len(np.unique(labels))
    if n_seen < 2:
        raise NotReadyError(
            f"The teacher {teacher} needs labels in two classes or more; {n_seen} of"
            f" {len(view.schema.active)} have any. Run `annotate review`, or"
            " `annotate labels import`."
        )
    return features[usable], labels
