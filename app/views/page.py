"""What views have in common: a title, the snapshot they show, and errors told plainly."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import streamlit as st

from annotate.errors import AnnotateError
from annotate.steps.snapshot import Snapshot
from app.kept import current_snapshot


def page(title: str) -> Callable[[Callable[[Snapshot], None]], Callable[[], None]]:
    """Return a decorator that makes a page of a function which draws a snapshot.

    ``title`` must be ours: Streamlit renders it as Markdown.
    """

    def make(draw: Callable[[Snapshot], None]) -> Callable[[], None]:
        @wraps(draw)
        def show() -> None:
            st.header(title, anchor=False)
            draw(current_snapshot())

        return show

    return make


def tell_error(error: AnnotateError) -> None:
    """Show an error: its message may quote names, so it is shown as text."""
    st.error("This cannot be done.", icon=":material/error:")
    st.text(str(error))
