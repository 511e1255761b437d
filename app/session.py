"""The open project, who is there, and the pages that are open: shared by script and routes."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import streamlit as st

from annotate.errors import NotAllowedError, NotReadyError, UnknownNameError
from annotate.review import server_settings
from annotate.review.queue_request import QueueRequest
from annotate.steps.hand_out import Handing
from annotate.steps.live_learning import LiveLearner
from annotate.steps.live_prediction import is_live
from annotate.steps.people import Person, admit
from annotate.steps.review import Live, Queue, open_queue
from annotate.steps.workspace import Workspace, open_workspace

NAME_IN_ADDRESS = "me"
_MAX_SESSIONS = 200
_REST_FACTOR = 4.0


@dataclass
class Following:
    """When a page's queue may next be put into another order."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    not_before_s: float = 0.0


@dataclass(frozen=True)
class ReviewSession:
    """One open page. Whoever knows its token may act as its person."""

    token: str
    person: Person
    workspace: Workspace
    handing: Handing
    following: Following

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
# Two first requests at once must not open a project, or start its worker, twice.
_opening = threading.Lock()


def open_folder(folder: Path) -> Workspace:
    """Return the project in ``folder``, opened once."""
    with _opening:
        return _open_folder(folder)


@lru_cache(maxsize=8)
def _open_folder(folder: Path) -> Workspace:
    return open_workspace(folder)


def open_project() -> Workspace:
    """Return the project that this server was started for."""
    return open_folder(Path(os.environ[server_settings.PROJECT]).absolute())


def live_learner(folder: Path) -> LiveLearner | None:
    """Return the worker that learns from a project's answers, started once; None if unwanted."""
    if os.environ.get(server_settings.LIVE) != "1":
        return None
    workspace = open_folder(folder)
    with _opening:
        return _live_learner(workspace.paths.root)


@lru_cache(maxsize=8)
def _live_learner(folder: Path) -> LiveLearner:
    return LiveLearner(_open_folder(folder))


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
        return _verified_email(), False
    if login == server_settings.LOGIN_BY_PROXY:
        return str(st.user.get(server_settings.PROXY_USER) or ""), False
    chosen = st.query_params.get(NAME_IN_ADDRESS)
    return chosen or os.environ[server_settings.REVIEWER], True


def _verified_email() -> str:
    """Return the address that somebody logged in with; NotAllowedError if it may be another's."""
    email = str(st.user.get("email") or "")
    # Some providers spell it as a text; who says nothing gives no address that is not verified.
    if st.user.get("email_verified", True) not in (True, "true"):
        raise NotAllowedError(
            f"A login must have a verified e-mail address; {email!r} is not verified."
            " Confirm it where you log in, then log in again."
        )
    return email


def start_session(
    request: QueueRequest, person: Person, instead_of: ReviewSession | None = None
) -> ReviewSession:
    """Open a queue for a page and give the page a token of its own.

    Parameters
    ----------
    instead_of : ReviewSession, optional
        The page's session so far, which ends.
    """
    workspace = open_project()
    overlap = int(os.environ.get(server_settings.OVERLAP, "1"))
    queue = _open(workspace, request, person, overlap)
    handing = Handing(queue, person.name, overlap)
    session = ReviewSession(secrets.token_urlsafe(24), person, workspace, handing, Following())
    with _lock:
        if instead_of is not None:
            _sessions.pop(instead_of.token, None)
        _sessions[session.token] = session
        # A page whose session was forgotten asks for a new one; its answers wait in the browser.
        while len(_sessions) > _MAX_SESSIONS:
            _sessions.popitem(last=False)
    return session


def order_is_old(session: ReviewSession) -> bool:
    """Return whether answers have taught an order that the page's queue has not got yet."""
    learner = live_learner(session.workspace.paths.root)
    queue = session.queue
    if learner is None or not queue.request.open_only or queue.request.filter.teacher:
        return False
    newest = learner.latest()
    shown = queue.basis.prediction
    shown_id = shown["prediction_id"] if shown else ""
    return shown_id != newest.record["prediction_id"] if newest else is_live(shown_id)


def follow_live(session: ReviewSession) -> None:
    """Put a page's queue into the order that answers taught.

    Not while another thread does, and not so often that the server does nothing else: a queue of a
    million items takes seconds.
    """
    following = session.following
    if time.monotonic() < following.not_before_s or not following.lock.acquire(blocking=False):
        return
    try:
        started = time.monotonic()
        handing = session.handing
        request = session.queue.request
        # What an order builds on may have been undone, as a class's only label: it then stays.
        with suppress(NotReadyError, UnknownNameError):
            handing.follow(_open(session.workspace, request, session.person, handing.overlap))
        ended = time.monotonic()
        following.not_before_s = ended + _REST_FACTOR * (ended - started)
    finally:
        following.lock.release()


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
        if token in _sessions:
            _sessions.move_to_end(token)  # the first to be forgotten is the longest unused
        return _sessions.get(token)
