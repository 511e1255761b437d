"""A student on disk: safetensors and a JSON description, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.store.files import file_sha256, write_bytes


def save_model(
    folder: Path,
    parameters: Mapping[str, NDArray[Any]],
    description: Mapping[str, Any],
) -> str:
    """Write ``model.safetensors`` and ``model.json``; return the sha256 of the former.

    Neither holds a time: the same student gives the same bytes.
    """
    from safetensors.numpy import save

    content = save({name: np.asarray(parameters[name], order="C") for name in sorted(parameters)})
    write_bytes(folder / "model.safetensors", content)
    text = json.dumps(dict(description), indent=2, sort_keys=True, ensure_ascii=False)
    write_bytes(folder / "model.json", text.encode() + b"\n")
    return file_sha256(folder / "model.safetensors")


def load_model(folder: Path) -> dict[str, NDArray[Any]]:
    """Return the parameters of a student."""
    from safetensors.numpy import load_file

    return dict(load_file(folder / "model.safetensors"))
