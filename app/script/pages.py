"""The script that Streamlit runs: who is there, which pages there are, and the one that is open."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from annotate.errors import AnnotateError
from app.session import current_person, open_project
from app.views import (
    audit,
    classes,
    conflicts,
    export,
    overview,
    review,
    rounds,
    teachers,
)
from app.views import map as item_map
from app.views.page import tell_error
from app.views.who import ask_who, show_person

# Our own rules and no data: Streamlit leaves a hand's width free on every side.
_LESS_SPACE = "<style>.stMainBlockContainer {padding: 3.75rem 2rem 1rem}</style>"

_PAGES: tuple[tuple[str, str, Callable[[], None]], ...] = (
    ("review", "Review", review.show),
    ("overview", "Overview", overview.show),
    ("map", "Map", item_map.show),
    ("classes", "Classes", classes.show),
    ("teachers", "Teachers", teachers.show),
    ("conflicts", "Conflicts", conflicts.show),
    ("audit", "Audit", audit.show),
    ("rounds", "Rounds", rounds.show),
    ("export", "Export", export.show),
)


def guarded(show: Callable[[], None]) -> Callable[[], None]:
    """Return a page that says in words what a person can mend."""

    def page() -> None:
        try:
            if open_project().n_items() == 0:
                st.info(
                    "This project has no items yet. Run `annotate add DIR SOURCE`, then load this"
                    " page again.",
                    icon=":material/inbox:",
                )
            else:
                show()
        except AnnotateError as error:
            tell_error(error)

    return page


def run() -> None:
    """Draw the page that is open."""
    # No icon: Streamlit would fetch one from another host.
    st.set_page_config("annotate", layout="wide", initial_sidebar_state="collapsed")
    st.html(_LESS_SPACE)
    if not ask_who():
        return
    pages = [
        st.Page(guarded(show), title=title, url_path=path, default=number == 0)
        for number, (path, title, show) in enumerate(_PAGES)
    ]
    page = st.navigation(pages, position="top")
    page.run()
    show_person(current_person())


run()
