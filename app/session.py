"""The open project, and who reviews it: shared by the page and the routes beside it."""

from __future__ import annotations

import os
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from annotate.review.server_settings import PROJECT, REVIEWER
from annotate.steps.review import Queue, open_queue
from annotate.steps.workspace import Workspace, open_workspace

_MAX_SESSIONS = 200


@dataclass(frozen=True)
class ReviewSession:
    """One open page. Whoever knows its token may act as its reviewer."""

    token: str
    reviewer: str
    workspace: Workspace
    queue: Queue


_sessions: OrderedDict[str, ReviewSession] = OrderedDict()
_lock = threading.Lock()


@lru_cache(maxsize=8)
def open_folder(folder: Path) -> Workspace:
    """Return the project in ``folder``, opened once."""
    return open_workspace(folder)


def open_project() -> Workspace:
    """Return the project that this server was started for."""
    return open_folder(Path(os.environ[PROJECT]).absolute())


def start_session(order: str) -> ReviewSession:
    """Open a queue for a page and give it a token of its own."""
    workspace = open_project()
    with _lock:
        earlier = [s.queue for s in _sessions.values() if s.workspace is workspace]
    queue = open_queue(
        workspace,
        order,
        seed=workspace.config.defaults.seed,
        previous=earlier[-1] if earlier else None,
    )
    session = ReviewSession(secrets.token_urlsafe(24), os.environ[REVIEWER], workspace, queue)
    with _lock:
        _sessions[session.token] = session
        # A page whose session was forgotten asks for a new one; its answers wait in the browser.
        while len(_sessions) > _MAX_SESSIONS:
            _sessions.popitem(last=False)
    return session


def find_session(token: str) -> ReviewSession | None:
    """Return the session that a page's token stands for."""
    with _lock:
        return _sessions.get(token)
