"""Image bytes that arrived inside a table, each content in one file named by its hash."""

from __future__ import annotations

import os
from collections.abc import Mapping

from annotate.store.files import FILE_MODE, TEMPORARY_SUFFIX, make_private_folder, sync_folder
from annotate.store.paths import ProjectPaths


def keep_media(paths: ProjectPaths, content_by_sha256: Mapping[str, bytes]) -> None:
    """Write image bytes to ``media/``; on return each is there whole, and on disk."""
    written = []
    for sha256, content in content_by_sha256.items():
        path = paths.media(sha256)
        if path.exists():
            continue
        make_private_folder(path.parent)
        temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
        with open(os.open(temporary, _FLAGS, FILE_MODE), "wb") as file:
            file.write(content)
        written.append((temporary, path))
    # Synced after all are written: the disk then takes them together, not one by one.
    for temporary, path in written:
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    for folder in {path.parent for _, path in written}:
        sync_folder(folder)


_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
