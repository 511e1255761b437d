"""Serve: answer Label Studio's requests for predictions, and pull when it hints at news."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from annotate.bridges.label_studio.access import Secret, read_secret
from annotate.bridges.label_studio.backend import make_backend
from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.bridges.label_studio.label_config import choices_of
from annotate.bridges.label_studio.tasks import item_of_task, make_prediction
from annotate.errors import AnnotateError, ConfigError
from annotate.review.cards import likeliest_classes
from annotate.review.measuring import is_blind
from annotate.steps.labelstudio.link import asked_first, current_model, required_link
from annotate.steps.labelstudio.pull import PullReport, pull
from annotate.steps.predicting import StoredProba
from annotate.steps.workspace import Workspace
from annotate.store.lookups import known_numbers
from annotate.store.schema_versions import latest_schema

SECRET_VARIABLE = "ANNOTATE_BACKEND_SECRET"
RETRY_AFTER_S = 60.0


def backend_secret(file: Path | None) -> Secret:
    """Return what Label Studio must send along; ConfigError if there is none."""
    return read_secret(SECRET_VARIABLE, file, "--secret-file", "A secret for the backend")


class StoredPredictor:
    """Answers from the prediction that stands now; no model is loaded.

    An item whose answers measure gets an empty prediction, as does a task that no push made.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def model_version(self) -> str:
        """Return the name of the predictions that stand now; empty for none."""
        model = current_model(self._workspace, self._schema())
        return model.model_version if model else ""

    def predict(self, tasks: Sequence[Any]) -> list[dict[str, Any]]:
        """Return one prediction a task, in the same order."""
        schema = self._schema()
        link = required_link(self._workspace)
        model = current_model(self._workspace, schema)
        version = model.model_version if model else ""
        items = [
            item_of_task(task, link.link_key) if isinstance(task, Mapping) else None
            for task in tasks
        ]
        reasons = asked_first(self._workspace)
        asked = {no for no in items if no is not None and not is_blind(reasons.get(no))}
        with self._workspace.store.read() as connection:
            rows = np.array(sorted(known_numbers(connection, list(asked))), dtype=np.int64)
        predictions: dict[int, dict[str, Any]] = {}
        if model is not None and len(rows):
            offered = set(choices_of(link.label_config) or ())
            stored = StoredProba(self._workspace.store, model.record["prediction_id"], schema)
            proba = stored.take(rows)
            for item_no, guesses in zip(
                rows.tolist(), likeliest_classes(proba, schema.class_active), strict=True
            ):
                if guesses and schema.names[guesses[0].class_no] in offered:
                    name = schema.names[guesses[0].class_no]
                    predictions[item_no] = make_prediction(name, guesses[0].confidence, version)
        nothing = {"model_version": version, "score": 0.0, "result": []}
        return [nothing if no is None else predictions.get(no, nothing) for no in items]

    def _schema(self) -> Any:
        with self._workspace.store.read() as connection:
            return latest_schema(connection)


class PullOnHint:
    """Pulls in a thread of its own, once for however many hints came meanwhile.

    Parameters
    ----------
    do_pull : callable
    tell : callable
        Told in one line what a pull brought, or why it failed.
    """

    def __init__(self, do_pull: Callable[[], PullReport], tell: Callable[[str], None]) -> None:
        self._pull = do_pull
        self._tell = tell
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin, with a pull for what happened before."""
        self.hint()
        self._thread.start()

    def hint(self) -> None:
        """Ask for a pull; returns at once."""
        self._wanted.set()

    def stop(self) -> None:
        """End, once a pull at work is done or has had five seconds."""
        self._stopped.set()
        self._wanted.set()
        self._thread.join(timeout=5)

    def _work(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()  # before the pull: a hint that comes during it asks for another
            if self._stopped.is_set():
                return
            try:
                report = self._pull()
            except AnnotateError as error:  # the server is down, or another pull is at work
                self._tell(f"{error} Trying again in {RETRY_AFTER_S:.0f} seconds.")
                self._stopped.wait(RETRY_AFTER_S)
                self._wanted.set()
            else:
                if report.changed:
                    self._tell(
                        f"Pulled {report.n_decisions:,} decisions, {report.n_undone:,} undone."
                    )


def serve(
    workspace: Workspace,
    client: LabelStudioClient,
    secret: Secret,
    *,
    address: str = "127.0.0.1",
    port: int = 9090,
    tell: Callable[[str], None],
) -> None:
    """Answer until interrupted.

    Parameters
    ----------
    client : LabelStudioClient
        Where to pull from.
    secret : Secret
        What Label Studio must send along.
    tell : callable
        Told in one line what happens.

    Raises
    ------
    NotReadyError
        If nothing was pushed yet.
    ConfigError
        If the address and port cannot be listened on.
    """
    import uvicorn

    required_link(workspace)
    listening = _listen(address, port)
    puller = PullOnHint(lambda: pull(workspace, client), tell)
    application = make_backend(StoredPredictor(workspace), secret, puller.hint)
    settings = uvicorn.Config(
        application, log_level="warning", access_log=False, server_header=False, lifespan="off"
    )
    puller.start()
    tell(f"Listening on http://{address}:{port}; stop with Ctrl-C.")
    try:
        uvicorn.Server(settings).run(sockets=[listening])
    finally:
        puller.stop()
        listening.close()


def _listen(address: str, port: int) -> socket.socket:
    try:
        family, _, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(where[:2], family=family)
    except OSError as error:
        raise ConfigError(
            f"The backend needs an address of this machine and a free port; {address}:{port} is not"
            f" ({error.strerror}). Give others with --address and --port."
        ) from error
