"""The element that shows one card at a time and keeps every answer until it is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
# One module in the browser, so the parts need no addresses of their own.
_SCRIPTS = ("outbox.js", "choices.js", "view.js", "search.js", "element.js")

_mount = st.components.v2.component(
    "annotate_review_card",
    html=(_HERE / "card.html").read_text(encoding="utf-8"),
    css=(_HERE / "card.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS),
)


def show_review_card(data: dict[str, Any]) -> None:
    """Draw the element; ``data`` is what ``views/review.py`` gives it.

    Where its session is unknown to the server, the element triggers ``session_ended``: the script
    then runs again and gives it another.
    """
    _mount(key="review", data=data, on_session_ended_change=lambda: None)
