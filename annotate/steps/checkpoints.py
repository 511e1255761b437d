"""Where the state of a round's training is kept until the round is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
