"""An owner rules on a conflict: the ruling stands whatever reviewers answer."""

from __future__ import annotations

from annotate.errors import NotAllowedError, SchemaError
from annotate.review.measuring import purpose_and_role
from annotate.steps.people import require_owner
from annotate.steps.workspace import Workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.lookups import find_events
from annotate.store.queue_front import read_reasons
from annotate.store.schema_versions import latest_schema


def adjudicate(
    workspace: Workspace, owner: str, item_no: int, class_no: int, event_id: str
) -> None:
    """Store an owner's ruling on one item; the same ``event_id`` again stores nothing.

    A ruling on an item that measures measures too, and never trains.

    Raises
    ------
    NotAllowedError
        If ``owner`` does not own the project.
    SchemaError
        If the class is not in force.
    """
    require_owner(workspace, owner, "rule on a conflict")
    with workspace.store.read() as connection:
        schema = latest_schema(connection)
        reasons = read_reasons(connection)
    if not 0 <= class_no < schema.n_classes or schema.classes[class_no].retired:
        names = ", ".join(repr(spec.name) for spec in schema.active[:30])
        raise SchemaError(f"A ruling must be a class in force; got {class_no}. In force: {names}.")
    purpose, role = purpose_and_role(reasons.get(item_no))
    ruling = Decision(
        event_id=event_id,
        item_no=item_no,
        reviewer=owner,
        kind="adjudicate",
        class_no=class_no,
        schema_version=schema.version,
        purpose=purpose,
        role=role,
    )
    append_decisions(workspace.store, [ruling])


def withdraw_ruling(workspace: Workspace, owner: str, item_no: int, event_id: str) -> None:
    """Take a ruling back: what reviewers answered counts again.

    Raises
    ------
    NotAllowedError
        If ``owner`` does not own the project, or the event is no ruling on that item.
    """
    require_owner(workspace, owner, "take back a ruling")
    with workspace.store.read() as connection:
        version = latest_schema(connection).version
        found = find_events(connection, [event_id]).get(event_id)
    if found is None or (found["kind"], found["item_no"]) != ("adjudicate", item_no):
        raise NotAllowedError(
            f"Only a ruling on item {item_no} can be taken back here; {event_id!r} is none."
            " Look at the conflicts again."
        )
    undo = Decision(
        event_id=f"undo:{event_id}",
        item_no=item_no,
        reviewer=owner,
        kind="undo",
        schema_version=version,
        undoes=event_id,
    )
    append_decisions(workspace.store, [undo])
