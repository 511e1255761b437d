"""Take back every derived label of one act."""

from __future__ import annotations

from annotate.steps.people import require_owner
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
        Who takes it back: whoever did it, or an owner.
    act_id : str
        As given to ``derive_labels``.

    Raises
    ------
    NotAllowedError
        If somebody else did it and ``reviewer`` does not own the project.
    """
    with workspace.store.read() as connection:
        version = latest_schema(connection).version
        standing = standing_derivations(connection, act_id)
    if any(row["reviewer"] != reviewer for row in standing.values()):
        require_owner(workspace, reviewer, "take back what somebody else did")
    append_decisions(
        workspace.store,
        [
            Decision(
                event_id=f"undo:{event_id}",
                item_no=int(row["item_no"]),
                reviewer=reviewer,
                kind="undo",
                schema_version=version,
                undoes=event_id,
                payload={"group": act_id},
            )
            for event_id, row in standing.items()
        ],
    )
    return len(standing)
