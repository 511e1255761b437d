"""The element that hands out cards, as a grid or one at a time, and keeps every answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import streamlit as st

from annotate.review.queue_request import QueueRequest
from app.api.routes import PREFIX
from app.session import ReviewSession, current_person, find_session, start_session

PAGE_SIZE = 24
Mode = Literal["grid", "one"]

_HERE = Path(__file__).parent
# One module in the browser, so the parts need no addresses of their own.
_SCRIPTS = (
    "outbox.js", "choices.js", "content.js", "keymap.js", "feed.js", "pages.js", "grid.js",
    "panel.js", "neighbours.js", "search.js", "look_alikes.js", "help.js", "controls.js",
    "element.js",
)  # fmt: skip

_mount = st.components.v2.component(
    "annotate_reviewer",
    html=(_HERE / "reviewer.html").read_text(encoding="utf-8"),
    css=(_HERE / "reviewer.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS),
)


def show_reviewer(request: QueueRequest, *, key: str, mode: Mode = "grid", title: str = "") -> None:
    """Draw the items that a request asks for, to be looked at and answered.

    Where its session is unknown to the server, the element triggers ``session_ended``: the script
    then runs again and gives it another.

    Parameters
    ----------
    request : QueueRequest
    key : str
        Names the element on its page.
    mode : {"grid", "one"}
        Many items at once, or one at a time; the reviewer may change it.
    title : str
        What the items are; the project's name if empty.
    """
    session = _session(request, key)
    if session.queue.proba is None:
        st.info(
            "There are no suggestions yet: run `annotate predict DIR --teacher NAME` to get"
            " some. You can label without them.",
            icon=":material/lightbulb:",
        )
    _mount(key=key, data=_data(session, mode, title), on_session_ended_change=lambda: None)


def _session(request: QueueRequest, key: str) -> ReviewSession:
    """Return the session behind an element; a new one when another queue is asked for."""
    person = current_person()
    session: ReviewSession | None = st.session_state.get(f"{key}-session")
    wanted = (request, person)
    if (
        session is None
        or find_session(session.token) is None
        or (session.queue.request, session.person) != wanted
    ):
        session = st.session_state[f"{key}-session"] = start_session(request, person, session)
    return session


def _data(session: ReviewSession, mode: Mode, title: str) -> dict[str, Any]:
    workspace, queue = session.workspace, session.queue
    return {
        "api": f"{PREFIX}/{session.token}/",
        "project": workspace.store.project_id(),
        "request": session.request_hash,
        "title": title or workspace.paths.root.name,
        "reviewer": session.person.name,
        "classes": [
            {"no": spec.class_no, "name": spec.name, "description": spec.description}
            for spec in queue.schema.active
        ],
        "highlight": queue.request.filter.text,
        "mode": mode,
        "page_size": PAGE_SIZE,
        "left": len(queue) if queue.request.open_only else len(queue) - queue.n_done,
        "done": queue.n_done,
        "order_version": session.order_version,
    }
