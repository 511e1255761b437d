"""Items: list them, drop them, and list what went to quarantine."""

from __future__ import annotations

import pandas as pd

from annotate.errors import UnknownNameError
from annotate.steps.workspace import Workspace
from annotate.store.items import drop_items, known_ids, read_items, read_quarantine


def list_items(workspace: Workspace, start: int = 0, limit: int | None = None) -> pd.DataFrame:
    """Return item_no, item_id, outcome, notes and dropped_at_utc of items from ``start`` on."""
    stop = None if limit is None else start + limit
    with workspace.store.read() as connection:
        return read_items(
            connection, ["item_no", "item_id", "outcome", "notes", "dropped_at_utc"], start, stop
        )


def list_quarantine(workspace: Workspace) -> pd.DataFrame:
    """Return every quarantined input with its reason."""
    with workspace.store.read() as connection:
        return read_quarantine(connection)


def drop(workspace: Workspace, item_ids: list[str]) -> int:
    """Take items out of selection, review and export; they keep their number and history.

    Raises
    ------
    UnknownNameError
        If an id is not an item; nothing is dropped then.
    """
    with workspace.running("items drop"):
        with workspace.store.read() as connection:
            found = known_ids(connection, item_ids)
        for item_id in item_ids:
            if item_id not in found:
                raise UnknownNameError(
                    "item", item_id, list(found) or ["see `annotate items list`"]
                )
        with workspace.store.write() as connection:
            drop_items(connection, [item_no for item_no, _ in found.values()])
    return len(found)
