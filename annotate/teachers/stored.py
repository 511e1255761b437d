"""What teachers share that build on predictions on record."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError
from annotate.protocols import CorpusView, Rows

ROWS_PER_BLOCK = 65_536


def refuse_multi_label(view: CorpusView, teacher: str) -> None:
    """Raise ConfigError if an item may have several classes."""
    if view.schema.task == "multi":
        raise ConfigError(
            f"The teacher {teacher} gives one class per item; this project's task is 'multi'."
            " Use zero_shot, or make a project of task 'single'."
        )


def fingerprint(proba: Rows) -> NDArray[np.uint8]:
    """Return (32,) the SHA-256 of the probabilities: what a teacher that reads them learnt."""
    digest = hashlib.sha256()
    n_rows = proba.shape[0]
    for start in range(0, n_rows, ROWS_PER_BLOCK):
        block = proba.read(start, min(start + ROWS_PER_BLOCK, n_rows))
        digest.update(np.ascontiguousarray(block, dtype=np.float32).tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)
