"""A store with a few items in it, and decisions about them."""

from __future__ import annotations

from annotate.store.database import Store
from annotate.store.decisions import Decision
from annotate.store.items import find_or_start_source, insert_items


def add_items(store: Store, n_items: int) -> None:
    """Add items "item-0", "item-1", ... of one source."""
    with store.write() as connection:
        source_no, _, _ = find_or_start_source(connection, "/corpus", "images", "signature", {})
        insert_items(connection, [item_row(number, source_no) for number in range(n_items)])


def item_row(number: int, source_no: int = 1) -> dict[str, object]:
    return {
        "item_no": number,
        "item_id": f"item-{number}",
        "source_no": source_no,
        "input_no": number,
        "sha256": f"{number % 5:064x}",
        "outcome": "ok",
        "notes": "[]",
    }


def decision(event_id: str, item_no: int = 0, **changes: object) -> Decision:
    """Return an accepting decision, changed where a test needs it."""
    settings: dict[str, object] = {"kind": "accept", "class_no": 1, "reviewer": "ann"} | changes
    return Decision(event_id=event_id, item_no=item_no, schema_version=1, **settings)  # type: ignore[arg-type]
