"""Votes as the teachers that combine them take them: of the classes in force alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL, Bools, CorpusView, Floats


def active_votes(view: CorpusView, teacher: str) -> NDArray[np.int16]:
    """Return the votes with the classes in force numbered from 0 without gaps.

    Raises
    ------
    ConfigError
        If the task is multi-label.
    NotReadyError
        If there are no votes.
    """
    if view.schema.task == "multi":
        raise ConfigError(
            f"The teacher {teacher} gives one class per item; this project's task is 'multi'."
            " Import predictions of your own model: `annotate predictions import`."
        )
    active = view.schema.class_active
    # One place more than there are classes, so that -1 stays -1.
    position = np.full(len(active) + 1, NO_LABEL, dtype=np.int16)
    position[:-1][active] = np.arange(active.sum())
    return position[view.votes().classes]


def with_retired(proba: Floats, active: Bools) -> NDArray[np.float32]:
    """Return (n, n_classes): columns of the classes in force in their places, 0 elsewhere."""
    out = np.zeros((len(proba), len(active)), dtype=np.float32)
    out[:, active] = proba
    out[np.isnan(proba[:, 0])] = np.nan
    return out
