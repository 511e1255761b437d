"""Live learning: new predictions of the whole corpus seconds after an answer.

The work is done by a process of its own (``live_worker``), so that neither the review server nor
anybody who uses it waits; this module starts it, wakes it, and reads what it publishes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from annotate.steps.live_prediction import LivePrediction, current_stamp, read_current
from annotate.steps.predicting import current_prediction
from annotate.steps.workspace import Workspace
from annotate.store.items import count_items
from annotate.store.schema_versions import latest_schema

WORKER = "annotate.steps.live_worker"
MOST_STARTS = 4
_CODE = Path(__file__).parents[2]


class LiveLearner:
    """A worker that learns from a project's answers, started here; every method returns at once.

    Call ``wake()`` after storing answers and ``latest()`` whenever a prediction is to be shown.
    Where the project has no features, or too many, ``problem()`` says so and ``latest()`` stays
    None. Several processes may have one for the same project: one of their workers learns, all
    read. Only answers that may train are learnt from: none of an audit or a spot check, and no
    held-back gold.

    Threads may share it. The worker ends when this is closed, and with this process.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._problem: str | None = None
        self._unread = b""
        self._stamp: tuple[int, int] | None = None
        self._newest: LivePrediction | None = None
        self._n_starts = 0
        self._process = self._start()

    def wake(self) -> None:
        """Say that answers were stored.

        Not needed for correctness: the worker looks by itself every second. One that died is
        started again here, three times at most.
        """
        with self._lock:
            if self._process.poll() is not None and self._n_starts < MOST_STARTS:
                self._close_pipes()
                self._process = self._start()
            assert self._process.stdin is not None
            # As many lines wait already as fit, or it has just died.
            with suppress(BlockingIOError, BrokenPipeError):
                os.write(self._process.stdin.fileno(), b"\n")

    def latest(self) -> LivePrediction | None:
        """Return the newest live prediction, or None where the stored one is as good or better.

        The same object comes back until there is a newer one. One that corrects another prediction
        than the current one, or that was made before items or classes came, is not returned.
        """
        with self._lock:
            stamp = current_stamp(self._workspace.paths.live)
            if stamp != self._stamp:
                self._newest = read_current(self._workspace.paths.live) if stamp else None
                self._stamp = stamp
            newest = self._newest
        if newest is None:
            return None
        record = current_prediction(self._workspace)
        with self._workspace.store.read() as connection:
            now = (
                record["prediction_id"] if record else None,
                count_items(connection),
                latest_schema(connection).version,
            )
        facts = newest.facts
        was = (facts.base_prediction_id, facts.n_items, facts.schema_version)
        return newest if was == now else None

    def problem(self) -> str | None:
        """Return in words what keeps the worker from learning, or None."""
        with self._lock:
            self._read_reports()
            if self._process.poll() is not None and self._n_starts >= MOST_STARTS:
                return (
                    f"The live student must keep running; it ended {self._n_starts} times, last"
                    f" with exit code {self._process.returncode}. See the server's log, then start"
                    " the review again."
                )
            return self._problem

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._n_starts = MOST_STARTS
            self._process.terminate()
            self._process.wait()
            self._close_pipes()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._n_starts += 1
        self._problem, self._unread = None, b""
        # Not multiprocessing: a fresh process of that would first run this one's main script again,
        # which under Streamlit is the page. -P keeps the working directory off the import path.
        path = os.pathsep.join(filter(None, [str(_CODE), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", WORKER, str(self._workspace.paths.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the server, which then closes the input
        )
        assert process.stdin is not None and process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        return process

    def _read_reports(self) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                chunk = os.read(self._process.stdout.fileno(), 65_536)
            except BlockingIOError:
                break
            if not chunk:
                break
            self._unread += chunk
        *lines, self._unread = self._unread.split(b"\n")
        if lines:
            self._problem = json.loads(lines[-1])["problem"]

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
