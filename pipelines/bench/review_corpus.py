"""A project of many pictures and classes to review, made without any teacher."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from annotate.schema import ClassSpec
from annotate.steps.predicting import write_prediction
from annotate.steps.workspace import Workspace, create_workspace
from annotate.store.items import find_or_start_source, insert_items

SIDE_PX = 224
N_FILES = 2_000
_ROWS_AT_ONCE = 20_000


def write_pictures(folder: Path, n_files: int = N_FILES, seed: int = 0) -> list[tuple[Path, str]]:
    """Write JPEG pictures of 224 pixels, about 12 kB each; return their paths and hashes."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    written = []
    for number in range(n_files):
        coarse = generator.integers(0, 256, (14, 14, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=90)
        path = folder / f"{number:05d}.jpg"
        path.write_bytes(file.getvalue())
        written.append((path, hashlib.sha256(file.getvalue()).hexdigest()))
    return written


def review_project(
    folder: Path, pictures: list[tuple[Path, str]], n_items: int, n_classes: int
) -> Workspace:
    """Return a project of ``n_items`` pictures, files taking turns, with a prediction at random."""
    classes = tuple(ClassSpec(0, f"class number {number}") for number in range(n_classes))
    workspace = create_workspace(folder, classes)
    with workspace.store.write() as connection:
        source_no, _, _ = find_or_start_source(connection, "bench", "bench", "bench", {})
    for start in range(0, n_items, _ROWS_AT_ONCE):
        rows = [
            {
                "item_no": number, "item_id": f"{number:07d}.jpg", "source_no": source_no,
                "input_no": number, "outcome": "ok", "notes": "[]", "text": None,
                "path": str(pictures[number % len(pictures)][0]),
                "sha256": pictures[number % len(pictures)][1],
            }
            for number in range(start, min(start + _ROWS_AT_ONCE, n_items))
        ]  # fmt: skip
        with workspace.store.write() as connection:
            insert_items(connection, rows)
    record = {
        "teacher": "bench", "weights_sha256": "0" * 64, "encoder_id": None, "settings": {},
        "schema_version": workspace.schema.version, "n_items": n_items, "round_no": None,
    }  # fmt: skip
    write_prediction(workspace, record, _random_proba(n_classes))
    return workspace


def _random_proba(n_classes: int):  # type: ignore[no-untyped-def]
    """Return what gives rows of probabilities: one block drawn, turned a little for each part."""
    generator = np.random.default_rng(1)
    logits = generator.gumbel(size=(32_768, n_classes)).astype(np.float32) * 2
    proba = np.exp(logits)
    proba /= proba.sum(axis=1, keepdims=True)

    def block(start: int, stop: int) -> NDArray[np.float32]:
        return np.roll(proba, start // 4096, axis=1)[: stop - start]

    return block
