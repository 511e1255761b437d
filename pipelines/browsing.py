"""A real review server and a real browser, for tests, benchmarks and pictures of the pages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from annotate.cli.review import server_command
from annotate.cli.review_access import Access
from annotate.errors import ConfigError
from annotate.review.queue import DEFAULT_ORDER
from annotate.review.server_settings import LIVE, LOGIN_BY_NAME, ORDER, PROJECT, REVIEWER

CHECKOUT = Path(__file__).parents[1]
START_S = 60
# Else Chromium asks its maker for news, and draws on a GPU that may not be there.
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A web server in a process of its own; a context manager that can stop and start again."""

    def __init__(
        self, command: Sequence[str], port: int, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}/"
        self._command, self._log = command, log
        self._environment = {**os.environ, "STREAMLIT_SERVER_HEADLESS": "true", **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log
            )
        end = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < end:
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"The server did not start:\n{self._log.read_text()}")

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def is_running(self) -> bool:
        """Return whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}_stcore/health", timeout=2):
                return True
        except urllib.error.HTTPError:
            return True  # it answers, if only to turn this machine away
        except OSError:
            return False

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class ReviewServer(Server):
    """`annotate review FOLDER`, without opening a browser."""

    def __init__(
        self,
        folder: Path,
        log: Path,
        reviewer: str = "ann",
        order: str = DEFAULT_ORDER,
        live: bool = False,
        access: Access | None = None,
    ) -> None:
        port = free_port()
        access = access or Access(LOGIN_BY_NAME)
        told = {PROJECT: str(folder), REVIEWER: reviewer, ORDER: order, LIVE: str(int(live))}
        environment = {**told, **access.told, "PYTHONPATH": str(CHECKOUT)}
        command = server_command(port, "127.0.0.1", access.settings)
        super().__init__(command, port, log, environment)


def find_chromium() -> Path | None:
    """Return the Chromium program, or None."""
    program = shutil.which("chromium")
    return Path(program) if program else None


@contextmanager
def open_browser() -> Iterator[Any]:
    """Give a headless Chromium, driven by Playwright.

    Raises
    ------
    ConfigError
        If there is no Chromium on the PATH.
    """
    from playwright.sync_api import sync_playwright

    program = find_chromium()
    if program is None:
        raise ConfigError(
            "The program chromium must be on the PATH; there is none."
            " Run `apt-get install chromium`."
        )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(program), args=list(QUIET))
        yield browser
        browser.close()
