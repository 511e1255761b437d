"""Some items to look at and to answer, on any page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from annotate.review.queue_request import QueueRequest
from app.components.reviewer.element import show_reviewer


def show_items(item_nos: Sequence[int], key: str, mode: Literal["grid", "one"] = "grid") -> None:
    """Draw exactly these items, in this order, decided ones too, as a grid or one at a time."""
    show_reviewer(QueueRequest(item_nos=tuple(item_nos), open_only=False), key=key, mode=mode)
