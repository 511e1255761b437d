"""A real Label Studio on a free port of this machine, for measurements and tests.

It is looked for in the variable ``ANNOTATE_LABEL_STUDIO``, in ``.label-studio/`` of the checkout
(where ``.ci/run`` installs it), and on the PATH.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx2

PROGRAM_VARIABLE = "ANNOTATE_LABEL_STUDIO"
USER = "ann@example.org"
MOST_START_S = 300
_CHECKOUT = Path(__file__).parents[2]


def find_label_studio() -> Path | None:
    """Return the program, or None where it is not installed."""
    named = os.environ.get(PROGRAM_VARIABLE)
    own = _CHECKOUT / ".label-studio" / "bin" / "label-studio"
    found = named or (str(own) if own.exists() else shutil.which("label-studio"))
    return Path(found) if found else None


class LabelStudioServer:
    """The server with one user and an empty database; a context manager.

    Attributes
    ----------
    url, token : str
    document_root : Path
        The folder below which it serves pictures.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._data = folder / "data"
        self._log = folder / "label-studio.log"
        self.document_root = folder / "root"
        self.document_root.mkdir(parents=True)
        self._data.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = secrets.token_hex(20)
        self._process: subprocess.Popen[bytes] | None = None

    def request(self, method: str, path: str, **options: object) -> httpx2.Response:
        """Return the reply to a request of the user; an error status is an error."""
        headers = {"Authorization": f"Token {self.token}"}
        reply = httpx2.request(method, self.url + path, headers=headers, timeout=600, **options)  # type: ignore[arg-type]
        reply.raise_for_status()
        return reply

    def annotate(self, task_id: int, choice: str | None) -> int:
        """Choose a class for a task, or skip it; return the annotation's number."""
        region = {"from_name": "label", "to_name": "item", "type": "choices"}
        result = [] if choice is None else [{**region, "value": {"choices": [choice]}}]
        body = {"result": result, "was_cancelled": choice is None, "lead_time": 2.5}
        return int(
            self.request("POST", f"/api/tasks/{task_id}/annotations/", json=body).json()["id"]
        )

    def __enter__(self) -> LabelStudioServer:
        # Off by default, wanted here: legacy tokens, and backends and webhooks on this machine.
        environment = {
            **os.environ,
            "LABEL_STUDIO_BASE_DATA_DIR": str(self._data),
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(self.document_root),
            "ML_BLOCK_LOCAL_IP": "false",
            "SSRF_PROTECTION_ENABLED": "false",
            "COLLECT_ANALYTICS": "false",
            "LATEST_VERSION_CHECK": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
        }
        line = [
            str(self._program), "start", "--no-browser", "--init", "--enable-legacy-api-token",
            "--internal-host", "127.0.0.1", "--port", str(self.port), "--host", self.url,
            "--username", USER, "--password", secrets.token_hex(8), "--user-token", self.token,
        ]  # fmt: skip
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                line, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def _wait_until_up(self) -> None:
        assert self._process is not None
        for _ in range(MOST_START_S * 2):
            if self._process.poll() is not None:
                break
            with contextlib.suppress(httpx2.HTTPError):  # not up yet
                if httpx2.get(f"{self.url}/health", timeout=5).status_code == 200:
                    return
            time.sleep(0.5)
        raise RuntimeError(f"Label Studio did not start:\n{self._log.read_text()[-3000:]}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
