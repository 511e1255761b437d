"""A folder that appears whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from annotate.errors import ExportError, ProjectBusyError
from annotate.export.manifest import MANIFEST, list_foreign_files

_SYNCS_AT_ONCE = 32
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def atomic_folder(destination: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder beside ``destination`` that takes its place when the block ends well.

    Everything in it is on disk before it is renamed. When the block raises, it is removed; when the
    process is killed, ``destination`` is as it was, and the next export clears what was left. Only
    between the two renames that replace an earlier export can it be absent; the earlier one then
    lies whole beside it, as ``.<name>.old``.

    Parameters
    ----------
    destination : Path
        Must be absent or empty, or hold an earlier export and ``overwrite`` be true.
    overwrite : bool
        Replace an earlier export. Anything else is never replaced.

    Raises
    ------
    ExportError
        If ``destination`` may not be written, or the disk is full.
    ProjectBusyError
        If another process is exporting to ``destination``.
    """
    destination = Path(os.path.realpath(destination))
    _check_destination(destination, overwrite)
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(f".{destination.name}.partial")
    with _locked_empty_folder(partial, destination):
        try:
            yield partial
            if not (partial / MANIFEST).is_file():
                raise RuntimeError("An export must end with a call of write_manifest.")
            _sync_tree(partial)
            _take_place(partial, destination)
        except BaseException as error:
            # What cannot be removed now, the next export to this place clears.
            shutil.rmtree(partial, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in _DISK_FULL:
                raise ExportError(
                    f"The disk that holds {destination.parent} is full; the export was not made."
                    " Free space there, or export elsewhere, and run it again."
                ) from error
            raise


def _check_destination(destination: Path, overwrite: bool) -> None:
    if not destination.exists():
        return
    if not destination.is_dir():
        raise ExportError(f"An export needs a folder; {destination} is a file. Name another place.")
    if not any(destination.iterdir()):
        return
    if not (destination / MANIFEST).exists():
        raise ExportError(
            f"An export must not touch what it did not write; {destination} holds other files."
            " Name a new or empty folder."
        )
    foreign = list_foreign_files(destination)
    if foreign:
        raise ExportError(
            f"An export must not touch what it did not write; {destination} holds {foreign[0]!r}"
            f" ({len(foreign)} such files). Move them away, or name another folder."
        )
    if not overwrite:
        raise ExportError(
            f"{destination} already holds an export. Name another folder, or add `--overwrite`."
        )


@contextmanager
def _locked_empty_folder(folder: Path, destination: Path) -> Iterator[None]:
    """Hold ``folder``, emptied of what a killed export left, by a lock that dies with us."""
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ProjectBusyError(
                f"One export at a time may write {destination}; another is at work."
                " Wait for it, or name another folder."
            ) from None
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        yield
    finally:
        os.close(handle)


def _take_place(partial: Path, destination: Path) -> None:
    """Rename ``partial`` to ``destination``; an earlier export goes once the new one is there."""
    old = destination.with_name(f".{destination.name}.old")
    if old.exists():
        shutil.rmtree(old)
    if destination.exists():
        os.rename(destination, old)
    os.rename(partial, destination)
    _sync(destination.parent)
    if old.exists():
        shutil.rmtree(old)


def _sync_tree(folder: Path) -> None:
    # Side by side, because the disk then writes many files' records in one go.
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        for parent, _, files in os.walk(folder, topdown=False):
            paths = [Path(parent, name) for name in files]
            # A second name for a file that lay there before: its bytes need no flush of ours.
            ours = [path for path in paths if path.stat().st_nlink == 1]
            list(pool.map(_sync, ours))
            _sync(Path(parent))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
