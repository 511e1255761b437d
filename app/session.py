"""The open project, who is there, and the pages that are open: shared by script and routes."""

from __future__ import annotations

import os
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st

from annotate.review import server_settings
from annotate.review.queue_request import QueueRequest
from annotate.steps.hand_out import Handing
from annotate.steps.people import Person, admit
from annotate.steps.review import Queue, open_queue
from annotate.steps.workspace import Workspace, open_workspace

NAME_IN_ADDRESS = "me"
_MAX_SESSIONS = 200


@dataclass(frozen=True)
class ReviewSession:
    """One open page. Whoever knows its token may act as its person."""

    token: str
    person: Person
    workspace: Workspace
    handing: Handing
    overlap: int

    @property
    def queue(self) -> Queue:
        """Return the queue in its present order."""
        return self.handing.queue

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
    with _lock:
        earlier = [s.queue for s in _sessions.values() if s.workspace is workspace]
    queue = open_queue(
        workspace,
        request,
        reviewer=person.name,
        overlap=overlap,
        seed=workspace.config.defaults.seed,
        previous=earlier[-1] if earlier else None,
    )
    session = ReviewSession(secrets.token_urlsafe(24), person, workspace, Handing(queue), overlap)
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
