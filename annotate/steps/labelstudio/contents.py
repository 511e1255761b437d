"""What a task shows: the item's text, or the address of its picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.bridges.label_studio.tasks import image_address
from annotate.errors import ConfigError
from annotate.export.labelstudio import LOCAL_FILES
from annotate.steps.review import Queue
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items_at


@dataclass(frozen=True)
class Contents:
    """Where a task's content comes from, and the folder that Label Studio must be let into."""

    address_of: Callable[[int, Any], str]
    folder: str | None = None


def contents_of(workspace: Workspace, queue: Queue, root: Path | None, prefix: str) -> Contents:
    """Return where the tasks of a queue get their content from.

    Raises
    ------
    ConfigError
        If one of the pictures lies outside the folder that Label Studio serves.
    """
    if workspace.modality == "text":
        return Contents(lambda item_no, item: item.text)
    if root is None:
        raise ConfigError(
            "Label Studio must be able to show the pictures; say which folder it serves with"
            " --image-root (its document root), and --image-url where another server does."
        )
    if not prefix.startswith(("http://", "https://", "/")):
        raise ConfigError(
            f"The address before a picture's path must begin with https:// or /; got {prefix!r}."
            " Give another with --image-url."
        )
    checked = root

    def path_of(item: Any) -> Path:
        return workspace.paths.media(item.sha256) if item.path is None else Path(item.path)

    def address_of(item_no: int, item: Any) -> str:
        return image_address(path_of(item), checked, prefix)

    folders = set()
    for start in range(0, len(queue), 10_000):
        numbers = queue.item_nos[start : start + 10_000].tolist()
        with workspace.store.read() as connection:
            items = read_items_at(connection, ("path", "sha256"), numbers)
        for item in items.itertuples(index=False):
            path = path_of(item)
            if path.parent not in folders:
                image_address(path, checked, prefix)  # refuses one outside before anything is sent
                folders.add(path.parent)
    if prefix != LOCAL_FILES or not folders:
        return Contents(address_of)
    real = [os.path.realpath(folder) for folder in folders]
    return Contents(address_of, os.path.commonpath(real))
