"""Random numbers that repeat: one generator for each seed and purpose."""

from __future__ import annotations

import hashlib

import numpy as np


def seeded_generator(seed: int, *context: str | int) -> np.random.Generator:
    """Return a generator fixed by ``seed`` and by what it is for.

    Parameters
    ----------
    seed : int
        The seed a user gave; any integer.
    *context : str or int
        What the numbers are for, e.g. ``"dropout", round_no``. Two purposes under one seed get
        independent streams, so that adding a draw to one never shifts the other.

    Returns
    -------
    numpy.random.Generator
        The same numbers on every machine and in every process.
    """
    parts = [f"{type(part).__name__}:{part}" for part in (seed, *context)]
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
