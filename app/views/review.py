"""The review page: one item at a time, most useful first."""

from __future__ import annotations

import os

import streamlit as st

from annotate.errors import AnnotateError
from annotate.review.queue import DEFAULT_ORDER, queue_orders
from annotate.review.server_settings import ORDER
from app.api.routes import PREFIX
from app.components.review_card.element import show_review_card
from app.session import ReviewSession, open_project, start_session

# Our own rules and no data: Streamlit leaves a hand's width free above the first element.
_LESS_SPACE = "<style>.stMainBlockContainer {padding-top: 2rem; padding-bottom: 1rem}</style>"


def show() -> None:
    """Draw the page."""
    # No icon: Streamlit would fetch one from another host.
    st.set_page_config("annotate review", layout="wide")
    st.html(_LESS_SPACE)
    try:
        if open_project().n_items() == 0:
            st.info(
                "This project has no items yet. Run `annotate add DIR SOURCE`, then load this page"
                " again.",
                icon=":material/inbox:",
            )
            return
        card = st.container()
        session = _session(_choose_order())
    except AnnotateError as error:
        st.error("This project cannot be reviewed.", icon=":material/error:")
        st.text(str(error))
        return
    with card:
        if session.queue.proba is None:
            st.info(
                "There are no suggestions yet: run `annotate predict DIR --teacher NAME` to get"
                " some. You can label without them.",
                icon=":material/lightbulb:",
            )
        show_review_card(_element_data(session))


def _choose_order() -> str:
    wanted = os.environ.get(ORDER, DEFAULT_ORDER)
    names = sorted({*queue_orders.names(), wanted})
    return st.selectbox(
        "Queue order",
        names,
        index=names.index(wanted),
        key="order",
        width=240,
        help="Which items come first. Items that a step asked for come before all others.",
    )


def _session(order: str) -> ReviewSession:
    """Return this page's session; a new one when the order was changed."""
    session: ReviewSession | None = st.session_state.get("session")
    if session is None or session.queue.order != order:
        session = st.session_state["session"] = start_session(order)
    return session


def _element_data(session: ReviewSession) -> dict[str, object]:
    workspace, queue = session.workspace, session.queue
    return {
        "api": f"{PREFIX}/{session.token}/",
        "project": workspace.store.project_id(),
        "name": workspace.paths.root.name,
        "reviewer": session.reviewer,
        "classes": [
            {"no": spec.class_no, "name": spec.name, "description": spec.description}
            for spec in queue.schema.active
        ],
        "total": len(queue),
        "done": queue.n_done,
    }


show()
