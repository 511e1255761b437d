"""Spreading a correction: one act that gives a label to the look-alikes of a corrected item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotate.review.events import (
    EventContext,
    RefusedEventError,
    class_in_force,
    event_id_of,
    known_item,
)

SPREAD = "spread"
UNSPREAD = "unspread"
MAX_ITEMS = 1000


@dataclass(frozen=True)
class Spread:
    """What one act spreads, and to which items.

    Attributes
    ----------
    act_id : str
        Letters and digits; made from the event's id.
    class_no : int
    item_nos : tuple of int
    payload : mapping
        Why these items: the corrected one, and the error that was expected when it was asked for.
    """

    act_id: str
    class_no: int
    item_nos: tuple[int, ...]
    payload: Mapping[str, Any]


def act_id_of(event_id: str) -> str:
    """Return the name of the act that an event with this id stands for."""
    return event_id.replace(":", "x")


def spread_from(event: Mapping[str, Any], context: EventContext) -> Spread:
    """Return the spread that an event asks for.

    Parameters
    ----------
    event : mapping
        client_id, seq, item_no, class_no, items; expected_error if it was shown.

    Raises
    ------
    RefusedEventError
        If it names no item or no class of this project, or too many items.
    """
    items = event.get("items")
    if not isinstance(items, list) or not 0 < len(items) <= MAX_ITEMS:
        raise RefusedEventError(f"a label spreads to 1 to {MAX_ITEMS} items at once")
    expected = event.get("expected_error")
    return Spread(
        act_id=act_id_of(event_id_of(event)),
        class_no=class_in_force(event, context.schema),
        item_nos=tuple(known_item({"item_no": number}, context) for number in dict.fromkeys(items)),
        payload={
            "why": "look-alikes of a corrected item",
            "of_item": known_item(event, context),
            "expected_error": float(expected) if isinstance(expected, float | int) else None,
        },
    )
