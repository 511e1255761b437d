"""Files that are there whole or not at all, and for their owner's eyes only.

Each is written under a temporary name, synced and renamed, so that neither a kill nor a power cut
leaves half a file under its name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

FOLDER_MODE = 0o700
FILE_MODE = 0o600
TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write to that becomes ``path`` on leaving, or vanishes if an error leaves."""
    make_private_folder(path.parent)
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        with open(temporary, "wb", opener=_open_private) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_npy(path: Path, values: NDArray[Any]) -> None:
    """Write an array so that ``path`` holds it whole or is as it was."""
    with whole_file(path) as file:
        np.save(file, values, allow_pickle=False)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that ``path`` holds it whole or is as it was."""
    with whole_file(path) as file:
        file.write(content)


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename a finished, synced file to ``path`` so that the rename survives a power cut."""
    os.replace(temporary, path)
    sync_folder(path.parent)


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner only; keep one there."""
    for missing in reversed([f for f in (folder, *folder.parents) if not f.exists()]):
        missing.mkdir(mode=FOLDER_MODE, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)
