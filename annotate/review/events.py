"""What a browser sends about one act, checked and turned into a decision.

Nothing a browser sends is believed: numbers are checked against the project, and who answered, when
it was stored and what role the answer has are the server's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

from annotate.corpus.printable import printable
from annotate.review.measuring import purpose_and_role
from annotate.schema import MAX_CLASSES, MAX_NAME_LENGTH, Schema
from annotate.store.decisions import Decision

KINDS = ("accept", "relabel", "reject", "skip", "flag", "undo")
_NEEDS_CLASS = ("accept", "relabel", "reject")
_MAX_ID = 100  # characters
_LONGEST_ELAPSED_MS = 24 * 3600 * 1000.0


class RefusedEventError(Exception):
    """An event that cannot be stored; the message tells the reviewer why."""


@dataclass(frozen=True)
class StoredEvent:
    """An event that a later undo may name."""

    item_no: int
    reviewer: str
    kind: str


@dataclass(frozen=True)
class EventContext:
    """What events are checked against.

    Attributes
    ----------
    reviewer : str
    schema : Schema
        The version in force.
    known_items : set of int
        Those of the item numbers named by the events that exist.
    asked_first : mapping of int to str
        Items that a step asked for, with its reason.
    stored : mapping of str to StoredEvent
        Earlier events named by an undo.
    """

    reviewer: str
    schema: Schema
    known_items: set[int]
    asked_first: Mapping[int, str]
    stored: Mapping[str, StoredEvent]


def event_id_of(event: Mapping[str, Any]) -> str:
    """Return the id under which an event is stored: client and number.

    Raises
    ------
    RefusedEventError
        If the event does not carry both.
    """
    client, number = event.get("client_id"), event.get("seq")
    if not (isinstance(client, str) and _is_plain(client) and client.isalnum()):
        raise RefusedEventError("its client id is not one that this page makes")
    if not _is_whole(number) or number < 1:
        raise RefusedEventError("it has no sequence number")
    return f"{client}:{number}"


def undone_ids(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids that undos among the events name, those that could be ids of ours."""
    named = (event.get("undoes") for event in events)
    return [undoes for undoes in named if isinstance(undoes, str) and _is_plain(undoes)]


def decision_from(event: Mapping[str, Any], context: EventContext) -> Decision:
    """Return the decision that an event asks for.

    Parameters
    ----------
    event : mapping
        client_id, seq, item_no, kind, class_no, shown, elapsed_ms, at; for an undo also undoes.

    Raises
    ------
    RefusedEventError
        If it names no item or no class of this project, or undoes somebody else's act.
    """
    kind = event.get("kind")
    if kind not in KINDS:
        raise RefusedEventError(f"it must be one of {', '.join(KINDS)}")
    item_no = known_item(event, context)
    purpose, role = purpose_and_role(context.asked_first.get(item_no))
    return Decision(
        event_id=event_id_of(event),
        item_no=item_no,
        reviewer=context.reviewer,
        kind=kind,
        schema_version=context.schema.version,
        class_no=class_in_force(event, context.schema) if kind in _NEEDS_CLASS else None,
        purpose=purpose,
        role=role,
        undoes=_undone(event, context) if kind == "undo" else None,
        shown=_shown(event.get("shown")),
        elapsed_s=_elapsed_s(event.get("elapsed_ms")),
        decided_at_utc=_time(event.get("at")),
    )


def known_item(event: Mapping[str, Any], context: EventContext) -> int:
    """Return the event's item; RefusedEventError unless the project has it."""
    number = event.get("item_no")
    if not _is_whole(number) or number not in context.known_items:
        raise RefusedEventError("its item is not in this project")
    return number


def class_in_force(event: Mapping[str, Any], schema: Schema) -> int:
    """Return the event's class, or the one it was merged into since the page was drawn.

    Raises
    ------
    RefusedEventError
        If it takes no labels.
    """
    number = event.get("class_no")
    if not _is_whole(number) or not 0 <= number < schema.n_classes:
        raise RefusedEventError("its class is not in this project")
    heir, *others = schema.heirs()[number]
    if others:
        raise RefusedEventError("its class was split; choose a part of it")
    if schema.classes[heir].retired:
        raise RefusedEventError("its class was retired; choose another")
    return heir


def _undone(event: Mapping[str, Any], context: EventContext) -> str:
    undoes = event.get("undoes")
    found = context.stored.get(undoes) if isinstance(undoes, str) else None
    if found is None or found.kind == "undo":
        raise RefusedEventError("the act it undoes was not stored")
    if (found.reviewer, found.item_no) != (context.reviewer, event["item_no"]):
        raise RefusedEventError("only your own act on the same item can be undone")
    return str(undoes)


def _shown(value: Any) -> dict[str, Any]:
    """Return the known parts of what the reviewer saw: which guess, how sure, whose."""
    if not isinstance(value, Mapping):
        return {}
    shown: dict[str, Any] = {"blind": value.get("blind") is True}
    if _is_whole(value.get("class_no")) and 0 <= value["class_no"] < MAX_CLASSES:
        shown["class_no"] = value["class_no"]
    if isinstance(value.get("confidence"), float | int) and 0 <= value["confidence"] <= 1:
        shown["confidence"] = float(value["confidence"])
    for name in ("teacher", "prediction_id"):
        if isinstance(value.get(name), str):
            shown[name] = printable(value[name])[:MAX_NAME_LENGTH]
    return shown


def _elapsed_s(value: Any) -> float | None:
    # A browser's clock may jump: a negative or absurd time is no time.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(value / 1000, 3) if 0 <= value <= _LONGEST_ELAPSED_MS else None


def _time(value: Any) -> str:
    try:
        return datetime.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return ""  # the store then writes its own time


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= _MAX_ID and text.isascii() and text.isprintable()
