"""What only owners are offered."""

from __future__ import annotations

import streamlit as st

from annotate.steps.people import Person
from app.session import current_person


def may_own(act: str) -> Person | None:
    """Return the person on this page if an owner, else say that only owners may ``act``.

    The step that acts checks again: a page only saves the reader a click.
    """
    person = current_person()
    if person.is_owner:
        return person
    st.info(f"Only an owner of the project may {act}.", icon=":material/lock:")
    return None
