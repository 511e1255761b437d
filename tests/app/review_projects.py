"""Small projects to review, made without any teacher."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from annotate.schema import ClassSpec
from annotate.steps.predicting import write_prediction
from annotate.steps.workspace import Workspace, create_workspace
from annotate.store.arrays import create_array
from annotate.store.items import find_or_start_source, insert_items


def text_project(
    folder: Path,
    texts: Sequence[str],
    classes: Sequence[str] = ("cat", "dog", "owl"),
    id_prefix: str = "t",
) -> Workspace:
    """Return a project whose item k is called ``t<k>``."""
    workspace = create_workspace(folder, tuple(ClassSpec(0, c) for c in classes), modality="text")
    rows = [{"item_id": f"{id_prefix}{no}", "text": text} for no, text in enumerate(texts)]
    _insert(workspace, rows)
    return workspace


def image_project(
    folder: Path, images: Sequence[Image.Image], classes: Sequence[str] = ("cat", "dog", "owl")
) -> Workspace:
    """Return a project whose item k is ``<k>.png``, in a folder beside it."""
    workspace = create_workspace(folder, tuple(ClassSpec(0, c) for c in classes))
    pictures = folder.with_name(f"{folder.name}-pictures")
    pictures.mkdir()
    rows = []
    for number, image in enumerate(images):
        file = io.BytesIO()
        image.save(file, "PNG")
        path = pictures / f"{number}.png"
        path.write_bytes(file.getvalue())
        rows.append({"item_id": path.name, "path": str(path)})
    _insert(workspace, rows)
    return workspace


def predict_at_random(workspace: Workspace, seed: int = 0, teacher: str = "zero_shot") -> str:
    """Write a prediction drawn from a Dirichlet distribution; return its id."""
    shape = (workspace.n_items(), workspace.schema.n_classes)
    proba = np.random.default_rng(seed).dirichlet(np.full(shape[1], 0.3), shape[0])
    return predict_as_given(workspace, proba, teacher)


def predict_as_given(workspace: Workspace, proba, teacher: str = "zero_shot") -> str:
    """Write a prediction; return its id."""
    sha256 = hashlib.sha256(np.ascontiguousarray(proba)).hexdigest()
    record = {
        "teacher": teacher, "weights_sha256": sha256,
        "encoder_id": None, "schema_version": workspace.schema.version,
        "n_items": len(proba), "settings": {}, "round_no": None,
    }  # fmt: skip
    return write_prediction(workspace, record, lambda start, stop: proba[start:stop])


def _insert(workspace: Workspace, rows: Sequence[dict[str, str]]) -> None:
    with workspace.store.write() as connection:
        source_no, _, _ = find_or_start_source(connection, "test", "test", "test", {})
        insert_items(
            connection,
            [
                {
                    "item_no": number, "source_no": source_no, "input_no": number,
                    "sha256": _content_sha256(row), "outcome": "ok", "notes": "[]",
                    "path": row.get("path"), "text": row.get("text"), "item_id": row["item_id"],
                }
                for number, row in enumerate(rows)
            ],
        )  # fmt: skip


def _content_sha256(row: dict[str, str]) -> str:
    content = Path(row["path"]).read_bytes() if "path" in row else row["text"].encode()
    return hashlib.sha256(content).hexdigest()


def add_features(workspace: Workspace, features) -> None:
    """Give every item its row of ``features``."""
    array = create_array(workspace.store, "features", "test", features.shape[1], dtype="float32")
    for part_no, start in enumerate(range(0, len(features), array.part_rows)):
        array.write_part(part_no, features[start : start + array.part_rows])
