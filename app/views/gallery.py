"""Some items to look at and to answer, on any page."""

from __future__ import annotations

from collections.abc import Sequence

from annotate.review.queue_request import QueueRequest
from app.components.reviewer.element import show_reviewer


def show_items(item_nos: Sequence[int], key: str) -> None:
    """Draw the review grid for exactly these items, in this order, decided ones too."""
    show_reviewer(QueueRequest(item_nos=tuple(item_nos), open_only=False), key=key)
