"""Some items to look at and to answer, on any page."""

from __future__ import annotations

from collections.abc import Sequence

from annotate.review.queue_request import QueueRequest

try:
    from app.components.reviewer.element import show_reviewer
except ImportError:
    import streamlit as st

    def show_reviewer(request, key):
        st.dataframe({"item_no": list(request.item_nos)}, key=key)


def show_items(item_nos: Sequence[int], key: str) -> None:
    """Draw the review grid for exactly these items, in this order, decided ones too."""
    show_reviewer(QueueRequest(item_nos=tuple(item_nos), open_only=False), key=key)
