"""Where the state of a round's training is kept until the round is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Checkpoints, Processes
from annotate.store.files import write_bytes


class StoredCheckpoints:
    """One safetensors file; meets ``protocols.Checkpoints``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, key: str) -> dict[str, NDArray[Any]] | None:
        """Return what was saved last under this key, None if nothing was."""
        from safetensors import safe_open

        if not self._path.exists():
            return None
        with safe_open(self._path, framework="numpy") as file:
            if (file.metadata() or {}).get("key") != key:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def save(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays in place of all that was saved before."""
        from safetensors.numpy import save

        whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        write_bytes(self._path, save(whole, metadata={"key": key}))


class SharedCheckpoints:
    """The first process's checkpoints, which the others go on from too; meets ``Checkpoints``.

    Parameters
    ----------
    own : Checkpoints, optional
        None in a process that only helps.
    processes : Processes
    """

    def __init__(self, own: Checkpoints | None, processes: Processes) -> None:
        self._own, self._processes = own, processes

    def load(self, key: str) -> Mapping[str, NDArray[Any]] | None:
        """Return what the first process finds under its key."""
        saved = self._own.load(key) if self._own else None
        told: Mapping[str, NDArray[Any]] | None = self._processes.tell(saved)
        return told

    def save(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays, in the first process alone."""
        if self._own:
            self._own.save(key, arrays)
