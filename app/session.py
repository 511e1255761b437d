"""The open project, who is there, and the pages that are open: shared by script and routes."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import streamlit as st

from annotate.review import server_settings
from annotate.review.queue_request import QueueRequest
from annotate.steps.hand_out import Handing
from annotate.steps.live_learning import LiveLearner
from annotate.steps.people import Person, admit
from annotate.steps.review import Live, Queue, open_queue
from annotate.steps.workspace import Workspace, open_workspace

NAME_IN_ADDRESS = "me"
_MAX_SESSIONS = 200
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class ReviewSession:
    """One open page. Whoever knows its token may act as its person."""

    token: str
    person: Person
    workspace: Workspace
    handing: Handing
    overlap: int
    following: threading.Lock = field(default_factory=threading.Lock)

    @property
    def queue(self) -> Queue:
        """Return the queue in its present order."""
        return self.handing.queue

    @cached_property
    def request_hash(self) -> str:
        """Return what tells requests apart, also after the server was restarted."""
        return hashlib.sha256(repr(self.queue.request).encode()).hexdigest()

    @property
    def order_version(self) -> int:
        """Return a number that is another one whenever the queue has been put in another order."""
        return self.handing.version


_sessions: OrderedDict[str, ReviewSession] = OrderedDict()
_lock = threading.Lock()


@lru_cache(maxsize=8)
def open_folder(folder: Path) -> Workspace:
    """Return the project in ``folder``, opened once."""
    return open_workspace(folder)


def open_project() -> Workspace:
    """Return the project that this server was started for."""
    return open_folder(Path(os.environ[server_settings.PROJECT]).absolute())


@lru_cache(maxsize=8)
def live_learner(folder: Path) -> LiveLearner | None:
    """Return the worker that learns from a project's answers, started once; None if unwanted."""
    wanted = os.environ.get(server_settings.LIVE) == "1"
    return LiveLearner(open_folder(folder)) if wanted else None


def current_person() -> Person:
    """Return who looks at this page.

    Raises
    ------
    NotAllowedError
        If somebody came in from elsewhere who is not on the project's list.
    """
    name, from_here = _name_given()
    return admit(open_project(), name, may_join=from_here)


def _name_given() -> tuple[str, bool]:
    """Return the name, and whether nobody but this machine can have given it."""
    login = os.environ.get(server_settings.LOGIN, server_settings.LOGIN_BY_NAME)
    if login == server_settings.LOGIN_BY_OIDC:
        return str(st.user.get("email") or ""), False
    if login == server_settings.LOGIN_BY_PROXY:
        return str(st.user.get(server_settings.PROXY_USER) or ""), False
    chosen = st.query_params.get(NAME_IN_ADDRESS)
    return chosen or os.environ[server_settings.REVIEWER], True


def start_session(request: QueueRequest, person: Person) -> ReviewSession:
    """Open a queue for a page and give the page a token of its own."""
    workspace = open_project()
    overlap = int(os.environ.get(server_settings.OVERLAP, "1"))
    queue = _open(workspace, request, person, overlap)
    session = ReviewSession(secrets.token_urlsafe(24), person, workspace, Handing(queue), overlap)
    with _lock:
        _sessions[session.token] = session
        # A page whose session was forgotten asks for a new one; its answers wait in the browser.
        while len(_sessions) > _MAX_SESSIONS:
            _sessions.popitem(last=False)
    return session


def follow_live(session: ReviewSession, wait_s: float) -> None:
    """Put a page's queue into the order that answers taught, once that is known.

    Returns at once if another thread waits already, or nobody learns.

    Parameters
    ----------
    wait_s : float
        How long to wait for a new live prediction.
    """
    learner = live_learner(session.workspace.paths.root)
    if learner is None or not session.following.acquire(blocking=False):
        return
    try:
        learner.wake()
        until = time.monotonic() + wait_s
        while not _is_news(learner, session.queue):
            if time.monotonic() > until:
                return
            time.sleep(_LOOK_EVERY_S)
        queue = session.queue
        session.handing.follow(
            _open(session.workspace, queue.request, session.person, session.overlap)
        )
    finally:
        session.following.release()


def _is_news(learner: LiveLearner, queue: Queue) -> bool:
    newest = learner.latest()
    if newest is None or not queue.request.open_only or queue.request.filter.teacher:
        return False
    shown = queue.basis.prediction
    return shown is None or shown["prediction_id"] != newest.record["prediction_id"]


def _open(workspace: Workspace, request: QueueRequest, person: Person, overlap: int) -> Queue:
    learner = live_learner(workspace.paths.root)
    newest = learner.latest() if learner else None
    with _lock:
        earlier = [s.queue for s in _sessions.values() if s.workspace is workspace]
    return open_queue(
        workspace,
        request,
        reviewer=person.name,
        overlap=overlap,
        seed=workspace.config.defaults.seed,
        previous=earlier[-1] if earlier else None,
        live=Live(newest.record, newest, newest.summary) if newest else None,
    )


def find_session(token: str) -> ReviewSession | None:
    """Return the session that a page's token stands for."""
    with _lock:
        return _sessions.get(token)
