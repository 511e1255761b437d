"""The name of an encoder's features: readable, and different whenever the numbers may differ."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SLUG_LENGTH = 40
HASH_LENGTH = 12


def encoder_id(
    label: str,
    *,
    architecture: Mapping[str, Any],
    weights_sha256: str,
    preprocessing: Mapping[str, Any],
    dtype: str,
) -> str:
    """Return the cache key of an encoder: a slug of ``label``, and a hash of all the rest.

    ``label`` is for the reader only, so one model keeps its id when its folder moves.
    """
    parts = {
        "architecture": architecture,
        "weights_sha256": weights_sha256,
        "preprocessing": preprocessing,
        "dtype": dtype,
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:SLUG_LENGTH].strip("-")
    return f"{slug}-{digest[:HASH_LENGTH]}"


def hash_files(paths: Iterable[Path]) -> str:
    """Return one sha256 over the contents of files, in the order given."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
