"""The peer of the review page: 24 pictures a page and plain ``st.button`` with shortcuts.

What a user of Streamlit would write: each press reruns the script, which stores the answer and
draws the page anew. Pictures are static files, the faster of Streamlit's two ways to show them.
"""

from __future__ import annotations

import os
import sqlite3

import streamlit as st

PAGE_SIZE = 24
N_ITEMS = int(os.environ["BUTTON_PAGE_ITEMS"])
N_FILES = int(os.environ["BUTTON_PAGE_FILES"])


@st.cache_resource
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["BUTTON_PAGE_DATABASE"], check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS answers (item INTEGER, answer TEXT)")
    return connection


def answer(kind: str) -> None:
    with database() as connection:
        connection.execute("INSERT INTO answers VALUES (?, ?)", (st.session_state.item, kind))
    st.session_state.item = min(st.session_state.item + 1, N_ITEMS - 1)


def main() -> None:
    st.set_page_config("buttons", layout="wide")
    st.session_state.setdefault("item", 0)
    item = st.session_state.item
    first = item - item % PAGE_SIZE
    left, right = st.columns([4, 1])
    with right:
        st.text(f"item {item}")
        st.button("Accept", shortcut="a", on_click=answer, args=("accept",))
        st.button("Reject", shortcut="x", on_click=answer, args=("reject",))
        st.selectbox("Class", [f"class number {n}" for n in range(1000)])
    with left:
        for row in range(4):
            for column, cell in enumerate(st.columns(6)):
                number = first + row * 6 + column
                mark = "▶ " if number == item else ""
                cell.markdown(f"![](app/static/{number % N_FILES:05d}.jpg)")
                cell.text(f"{mark}{number}")


main()
