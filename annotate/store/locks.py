"""Two kernel locks a project: the write gate, held for milliseconds, and the run lock of a step.

SQLite's own busy handler is not fair: of 8 writers one can wait for seconds. A ``flock`` in front
of ``BEGIN IMMEDIATE`` is, and it also keeps commits and checkpoints apart. Both locks vanish with
their process, so a killed step leaves nothing to clean up.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from annotate.errors import ProjectBusyError
from annotate.store.files import FILE_MODE

_open_locks: set[int] = set()


def _close_in_child() -> None:
    # A flock lasts while any copy of its descriptor is open. A forked worker that outlived a killed
    # step would hold the project for ever; closing the worker's copy leaves the lock to its parent.
    for descriptor in _open_locks:
        os.close(descriptor)
    _open_locks.clear()


os.register_at_fork(after_in_child=_close_in_child)


class WriteGate:
    """Lets one writer at a time through, across threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the gate; wait for it as long as it takes.

        Raises
        ------
        RuntimeError
            If this thread holds it already: it would wait for itself.
        """
        if self._holder == threading.get_ident():
            raise RuntimeError("A write must not begin inside another; pass its connection on.")
        with self._thread_lock, _lock_file(self._path) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None


@contextmanager
def run_lock(path: Path, step: str) -> Iterator[None]:
    """Hold the project for one long step.

    Parameters
    ----------
    path : Path
        The lock file. It stays when the lock is gone; only the kernel's lock on it counts.
    step : str
        The verb of the command line that runs, for the message to whoever comes second.

    Raises
    ------
    ProjectBusyError
        At once, if another step holds it; names its process, the step and since when.
    """
    with _lock_file(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ProjectBusyError(_who_holds(path)) from None
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder = {"pid": os.getpid(), "step": step, "since_utc": since}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    """Give a descriptor to lock; closing it on leaving frees the lock."""
    owner = os.getpid()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    _open_locks.add(descriptor)
    try:
        yield descriptor
    finally:
        if os.getpid() == owner:  # in a forked child it was closed at the fork
            _open_locks.discard(descriptor)
            os.close(descriptor)


def _who_holds(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        who = f"`annotate {holder['step']}` (process {holder['pid']}) since {holder['since_utc']}"
    except (ValueError, KeyError):  # it has the lock but has not yet written its name
        who = "another step, which has just begun"
    return f"One long step works at a time; the project is held by {who}. Wait for it, or stop it."
