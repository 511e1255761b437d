"""Inspect pictures in worker processes: in order, with flat memory, surviving workers that die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Pipe, wait
from typing import Any, Generic, TypeVar

from annotate.corpus.worker import BytesTask, Task, Verdict

C = TypeVar("C")

CHUNK_TASKS = 32
CHUNK_BYTES = 8 << 20
# Two chunks at each worker, so that none waits while the parent is busy with what it got; and
# finished chunks kept for order count too, so that memory stays flat behind one slow picture.
QUEUED_PER_WORKER = 2
HELD_PER_WORKER = 4


@dataclass
class _Chunk(Generic[C]):
    contexts: list[C]
    tasks: list[Task | None]
    verdicts: list[Verdict | None] = field(default_factory=list)
    is_done: bool = False


@dataclass
class _Part(Generic[C]):
    """The tasks of a chunk at ``positions``, as sent to one worker."""

    chunk: _Chunk[C]
    positions: list[int]


class _Worker(Generic[C]):
    def __init__(self) -> None:
        self.connection, theirs = Pipe(duplex=True)
        handle = theirs.fileno()
        # A plain command, not multiprocessing: that would import the user's own script again.
        # The environment holds no credentials that a hostile picture could look for.
        environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from annotate.corpus.worker import serve; serve({handle})"],
            pass_fds=[handle],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self.queue: deque[_Part[C]] = deque()
        self.is_ready = False

    def send(self, part: _Part[C]) -> None:
        """Queue a part here and hand its tasks over."""
        self.queue.append(part)
        tasks = [part.chunk.tasks[position] for position in part.positions]
        try:
            self.connection.send(tasks)
        except OSError:
            # It died; the end of the connection says so when the next answer is awaited.
            return

    def receive(self) -> bytes | None:
        """Return the next message, or None when the process has died."""
        try:
            message = self.connection.recv_bytes()
        except (EOFError, OSError):
            return None
        if not self.is_ready:
            self.is_ready = True
            return b""
        return message

    def stop(self) -> int:
        self.connection.close()
        return self.process.wait()


def inspect_in_order(
    pairs: Iterable[tuple[C, Task | None]], n_workers: int | None = None
) -> Generator[tuple[C, Verdict | None], None, None]:
    """Yield (context, verdict) for each (context, task), in the order given.

    Parameters
    ----------
    pairs : iterable of (context, task)
        A context whose task is None passes through with verdict None.
    n_workers : int, optional
        Worker processes; None means one for each core this process may use.

    Yields
    ------
    tuple of context and Verdict
        A picture whose worker dies on it, even alone in a fresh worker, gets ``decoder_crash``, or
        ``timeout`` if it used up its processor time.
    """
    pool = _Pool[C](pairs, n_workers or _count_cores())
    try:
        yield from pool.run()
    finally:
        pool.close()


def _count_cores() -> int:
    if sys.platform == "linux":  # in a container, fewer than the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Pool(Generic[C]):
    def __init__(self, pairs: Iterable[tuple[C, Task | None]], n_workers: int) -> None:
        self.chunks = _cut_into_chunks(iter(pairs))
        self.held: deque[_Chunk[C]] = deque()
        self.waiting: deque[_Part[C]] = deque()
        self.n_workers = n_workers
        self.workers: list[_Worker[C]] = []

    def run(self) -> Iterator[tuple[C, Verdict | None]]:
        """Yield every context with its verdict, in the order they came."""
        while True:
            self._fill()
            if not self.held:
                return
            while not self.held[0].is_done:
                self._collect()
                self._fill()
            chunk = self.held.popleft()
            yield from zip(chunk.contexts, chunk.verdicts, strict=True)

    def close(self) -> None:
        for worker in self.workers:
            # A worker in the middle of a chunk would finish it first.
            worker.process.kill()
            worker.stop()

    def _fill(self) -> None:
        """Read chunks up to the limit and hand them to the workers with the shortest queues."""
        room = self.n_workers * HELD_PER_WORKER - len(self.held)
        for chunk in islice(self.chunks, max(room, 0)):
            self.held.append(chunk)
            positions = [i for i, task in enumerate(chunk.tasks) if task is not None]
            chunk.verdicts = [None] * len(chunk.tasks)
            chunk.is_done = not positions
            if positions:
                self.waiting.append(_Part(chunk, positions))
        while self.waiting:
            worker = min(self.workers, key=lambda worker: len(worker.queue), default=None)
            if len(self.workers) < self.n_workers and (worker is None or worker.queue):
                worker = _Worker()
                self.workers.append(worker)
            if worker is None or len(worker.queue) >= QUEUED_PER_WORKER:
                return
            worker.send(self.waiting.popleft())

    def _collect(self) -> None:
        """Wait for any worker, then take its answer or bury it."""
        by_connection: dict[object, _Worker[C]] = {w.connection: w for w in self.workers}
        for connection in wait([worker.connection for worker in self.workers]):
            worker = by_connection[connection]
            message = worker.receive()
            if message is None:
                self._bury(worker)
            elif message:
                part = worker.queue.popleft()
                self._record(part, [_read_verdict(row) for row in json.loads(message)])

    def _record(self, part: _Part[C], verdicts: list[Verdict]) -> None:
        for position, verdict in zip(part.positions, verdicts, strict=True):
            part.chunk.verdicts[position] = verdict
        part.chunk.is_done = all(
            task is None or verdict is not None
            for task, verdict in zip(part.chunk.tasks, part.chunk.verdicts, strict=True)
        )

    def _bury(self, worker: _Worker[C]) -> None:
        """Blame the picture that a worker died on, or send its chunk again picture by picture."""
        self.workers.remove(worker)
        status = worker.stop()
        if not worker.is_ready:
            raise RuntimeError(f"A decoding worker could not start (exit status {status}).")
        if not worker.queue:
            return
        suspect = worker.queue.popleft()
        # What was queued behind the suspect is innocent, and goes back to the front as it was.
        self.waiting.extendleft(reversed(worker.queue))
        if len(suspect.positions) == 1:
            self._record(suspect, [_verdict_on_death(status)])
        else:
            alone = [_Part(suspect.chunk, [position]) for position in suspect.positions]
            self.waiting.extendleft(reversed(alone))


def _read_verdict(row: list[Any]) -> Verdict:
    code, detail, sha256, width, height, notes, path = row
    return Verdict(code, detail, sha256, width, height, tuple(notes), path)


def _verdict_on_death(status: int) -> Verdict:
    if status == -signal.SIGPROF:
        return Verdict("timeout", "the time limit for one picture was used up")
    cause = f"signal {-status}" if status < 0 else f"exit status {status}"
    return Verdict("decoder_crash", f"the decoding process ended with {cause}")


def _cut_into_chunks(pairs: Iterator[tuple[C, Task | None]]) -> Iterator[_Chunk[C]]:
    chunk: _Chunk[C] = _Chunk([], [])
    size_bytes = 0
    for context, task in pairs:
        chunk.contexts.append(context)
        chunk.tasks.append(task)
        if isinstance(task, BytesTask):
            size_bytes += len(task.data)
        if len(chunk.tasks) >= CHUNK_TASKS or size_bytes >= CHUNK_BYTES:
            yield chunk
            chunk, size_bytes = _Chunk([], []), 0
    if chunk.tasks:
        yield chunk
