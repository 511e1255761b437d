"""A real review server on a free port of this machine, started and stopped by a test."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from annotate.cli.review import server_command
from annotate.review.server_settings import ORDER, PROJECT, REVIEWER

CHECKOUT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ReviewServer:
    """`annotate review FOLDER`, without opening a browser; a context manager."""

    def __init__(self, folder: Path, log: Path, reviewer: str = "ann", order: str = "mixed"):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self._log = log
        self._environment = {
            **os.environ,
            PROJECT: str(folder),
            REVIEWER: reviewer,
            ORDER: order,
            "PYTHONPATH": str(CHECKOUT),
            "STREAMLIT_SERVER_HEADLESS": "true",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                server_command(self.port, "127.0.0.1"),
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        for _ in range(600):
            if self._process.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"The server did not start:\n{self._log.read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}_stcore/health", timeout=2) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def __enter__(self) -> ReviewServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
