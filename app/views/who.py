"""Who is there: a login where there is one, else a name that people of this machine choose."""

from __future__ import annotations

import os

import streamlit as st

from annotate.errors import AnnotateError
from annotate.review.server_settings import LOGIN, LOGIN_BY_NAME, LOGIN_BY_OIDC
from annotate.steps.people import Person, checked_name, list_people
from app.session import NAME_IN_ADDRESS, current_person, open_project

_SOMEBODY_ELSE = "somebody else …"


def ask_who() -> bool:
    """Return whether it is known who is there and that this person may review; else say so."""
    if _login() == LOGIN_BY_OIDC and not st.user.is_logged_in:
        st.text("This project is open to the people on its list.")
        st.button("Log in", key="login", on_click=st.login)
        return False
    try:
        current_person()
    except AnnotateError as error:
        st.error("You cannot come in.", icon=":material/lock:")
        st.text(str(error))
        if _login() == LOGIN_BY_OIDC:
            st.button("Log out", key="logout", on_click=st.logout)
        return False
    return True


def show_person(person: Person) -> None:
    """Say who is there; on this machine alone, let another person take over."""
    with st.sidebar:
        st.caption("Reviewing as")
        st.text(" · ".join((person.name, person.role)))
        if _login() == LOGIN_BY_OIDC:
            st.button("Log out", key="logout", on_click=st.logout)
        elif _login() == LOGIN_BY_NAME:
            _choose_name(person)


def _choose_name(person: Person) -> None:
    others = [p.name for p in list_people(open_project()) if p.name != person.name]
    chosen = st.selectbox(
        "Somebody else is here",
        [*others, _SOMEBODY_ELSE],
        index=None,
        placeholder="Who?",
        key=f"other-{person.name}",
    )
    if chosen == _SOMEBODY_ELSE:
        chosen = st.text_input("Name", key="new-name", max_chars=100) or None
    if chosen is None:
        return
    try:
        st.query_params[NAME_IN_ADDRESS] = checked_name(chosen)
    except AnnotateError as error:
        st.text(str(error))
        return
    st.rerun()


def _login() -> str:
    return os.environ.get(LOGIN, LOGIN_BY_NAME)
