"""Take back every derived label of one act."""

from __future__ import annotations

from annotate.steps.workspace import Workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.lookups import standing_derivations
from annotate.store.schema_versions import latest_schema


def undo_group(workspace: Workspace, reviewer: str, act_id: str) -> int:
    """Store one undo for each derived label of an act that still stands; return how many.

    All in one commit; doing it again stores nothing. Answers that people gave to items of the group
    in the meantime stay.

    Parameters
    ----------
    reviewer : str
        Who takes it back.
    act_id : str
        As given to ``derive_labels``.
    """
    with workspace.store.read() as connection:
        version = latest_schema(connection).version
        standing = standing_derivations(connection, act_id)
    append_decisions(
        workspace.store,
        [
            Decision(
                event_id=f"undo:{event_id}",
                item_no=item_no,
                reviewer=reviewer,
                kind="undo",
                schema_version=version,
                undoes=event_id,
                payload={"group": act_id},
            )
            for event_id, item_no in standing.items()
        ],
    )
    return len(standing)
