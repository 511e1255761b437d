"""Items and predictions as Label Studio's tasks."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from annotate.corpus.printable import printable
from annotate.errors import ConfigError
from annotate.export.labelstudio import DATA_FIELDS, ID_FIELD, chosen_class
from annotate.schema import Modality

# By which we know what item a task is for.
KEY_FIELD = "annotate_key"


def task_key(link_key: str, item_no: int) -> str:
    """Return what an item is called in tasks; found again after a reply that was lost."""
    return f"{link_key}:{item_no}"


def item_of_task(task: Mapping[str, Any], link_key: str) -> int | None:
    """Return the item that a task is for; None if this push did not make it."""
    data = task.get("data")
    key = data.get(KEY_FIELD) if isinstance(data, Mapping) else None
    if not isinstance(key, str):
        return None
    name, _, number = key.rpartition(":")
    if name != link_key or not (number.isascii() and number.isdigit() and len(number) < 16):
        return None
    return int(number)


def make_task(
    link_key: str,
    item_no: int,
    item_id: str,
    content: str,
    modality: Modality,
    prediction: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the task for an item; ``content`` is its text or its picture's address."""
    data = {
        DATA_FIELDS[modality]: content,
        ID_FIELD: printable(item_id),
        KEY_FIELD: task_key(link_key, item_no),
    }
    return {"data": data, "predictions": [] if prediction is None else [dict(prediction)]}


def make_prediction(class_name: str, score: float, model_version: str) -> dict[str, Any]:
    """Return a prediction of one class; ``score`` is its probability, 0 to 1."""
    return {
        "model_version": model_version,
        "score": round(float(score), 4),
        "result": chosen_class(class_name),
    }


def fingerprint(prediction: Mapping[str, Any] | None) -> str:
    """Return a hash of a prediction as it is sent; empty for none."""
    if prediction is None:
        return ""
    return hashlib.sha256(json.dumps(prediction, sort_keys=True).encode()).hexdigest()


def image_address(path: Path, root: Path, prefix: str) -> str:
    """Return the address at which Label Studio finds a picture.

    Parameters
    ----------
    path : Path
        The picture's file.
    root : Path
        The folder that is served; the file must lie in it.
    prefix : str
        What comes before the path inside ``root``.

    Raises
    ------
    ConfigError
        If the file lies elsewhere, links resolved.
    """
    real, real_root = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    if not real.is_relative_to(real_root):
        raise ConfigError(
            f"Pictures must lie in the folder that Label Studio serves, {str(real_root)!r}; got"
            f" {str(real)!r}. Give a folder that holds them all with --image-root."
        )
    return prefix + quote(real.relative_to(real_root).as_posix())
