"""The process that decodes pictures: limited, alone with its input, and allowed to die.

It is started by ``pool`` as ``serve(handle)`` and answers in JSON, so that even a worker taken over
by a hostile file cannot make its parent unpickle anything.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import NamedTuple

from annotate.corpus.inspection import Inspected, inspect_image
from annotate.corpus.regular_file import RejectedInputError, read_inside

MAX_MEMORY_BYTES = 3 << 30
MAX_SECONDS_PER_IMAGE = 60
_MAX_DETAIL = 200


class FileTask(NamedTuple):
    """A picture that lies in a file; ``relative`` must stay inside ``root``."""

    root: str
    relative: str
    follow_links: bool
    missing_code: str  # "vanished" for a file that was listed, "not_found" for one a table names


class BytesTask(NamedTuple):
    """A picture that came as bytes, and its name where it has one."""

    data: bytes
    name: str | None


Task = FileTask | BytesTask


class Verdict(NamedTuple):
    """What became of a task: ``code`` is empty for a usable picture."""

    code: str
    detail: str
    sha256: str = ""
    width: int = 0
    height: int = 0
    notes: tuple[str, ...] = ()
    path: str | None = None


def judge(task: Task) -> Verdict:
    """Read and inspect one picture."""
    try:
        if isinstance(task, BytesTask):
            return _accept(inspect_image(task.data, task.name), None)
        path, data = read_inside(task.root, task.relative, task.follow_links)
        return _accept(inspect_image(data, task.relative), path)
    except RejectedInputError as error:
        code = error.code
        if code == "vanished" and isinstance(task, FileTask):
            code = task.missing_code
        return Verdict(code, error.detail[:_MAX_DETAIL])


def _accept(found: Inspected, path: str | None) -> Verdict:
    return Verdict("", "", found.sha256, found.width, found.height, found.notes, path)


def serve(handle: int) -> None:
    """Answer chunks of tasks that arrive over the socket ``handle`` until the parent hangs up."""
    _limit_process()
    connection = Connection(handle)
    connection.send_bytes(b"ready")
    _silence_errors()
    while True:
        try:
            tasks = connection.recv()
        except EOFError:
            return
        verdicts = []
        for task in tasks:
            # Processor time, not clock time, so that a busy machine rejects nothing. The signal's
            # default action ends the process, and the parent sees which signal it was.
            signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS_PER_IMAGE)
            verdicts.append(judge(task))
        signal.setitimer(signal.ITIMER_PROF, 0)
        connection.send_bytes(json.dumps(verdicts).encode("ascii"))


def _limit_process() -> None:
    # The terminal's Ctrl-C goes to the whole group; the parent decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for limit, value in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # macOS has no limit on address space to set, and says so with a ValueError.
        with suppress(ValueError):
            resource.setrlimit(limit, (soft, soft))


def _silence_errors() -> None:
    """Send standard error away: C decoders print warnings there for every damaged file."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
