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
    undone_ids,
)
from annotate.review.measuring import is_blind

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
        If it names no item or no class of this project, or too many items, or spreads the label of
        an item that measures.
    """
    of_item = known_item(event, context)
    if is_blind(context.asked_first.get(of_item)):
        raise RefusedEventError("an answer that measures is not spread: it must never train")
    items = event.get("items")
    if not isinstance(items, list) or not 0 < len(items) <= MAX_ITEMS:
        raise RefusedEventError(f"a label spreads to 1 to {MAX_ITEMS} items at once")
    item_nos = [known_item({"item_no": number}, context) for number in items]
    return Spread(
        act_id=act_id_of(event_id_of(event)),
        class_no=class_in_force(event, context.schema),
        item_nos=tuple(dict.fromkeys(item_nos)),
        payload={
            "why": "look-alikes of a corrected item",
            "of_item": of_item,
            "expected_error": _share(event.get("expected_error")),
        },
    )


def unspread_act(event: Mapping[str, Any]) -> str:
    """Return the name of the act that an event takes back.

    Raises
    ------
    RefusedEventError
        If it names none that could be ours.
    """
    for event_id in undone_ids([event]):
        return act_id_of(event_id)
    raise RefusedEventError("the act it undoes was not stored")


def _share(value: Any) -> float | None:
    # As with a browser's clock: nonsense, which JSON can hold as NaN or 1e999, is no share.
    is_share = isinstance(value, int | float) and 0 <= value <= 1
    return float(value) if is_share else None
