"""What the views show, kept on the server as long as nothing in the project has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from annotate.steps.snapshot import Snapshot, project_marks, read_snapshot
from annotate.steps.workspace import Workspace
from app.session import open_project

P = ParamSpec("P")
T = TypeVar("T")
_MOST_KEPT = 64


@dataclass
class _Slot:
    """One thing kept: who wants it while it is being made waits for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    marks: object = None
    value: Any = None


_slots: OrderedDict[Hashable, _Slot] = OrderedDict()
_slots_lock = threading.Lock()


def current_snapshot() -> Snapshot:
    """Return the project as it stands, read anew only if something has changed."""
    workspace = open_project()
    slot = _slot((id(workspace), "snapshot"))
    with slot.lock:
        marks = project_marks(workspace)
        if slot.marks != marks:
            slot.value = read_snapshot(workspace, slot.value)
            slot.marks = slot.value.marks
        return cast(Snapshot, slot.value)


def kept(
    snapshot: Snapshot,
    make: Callable[Concatenate[Workspace, Snapshot, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Return ``make(workspace, snapshot, ...)``, made once for each state of the project."""
    workspace = open_project()
    arguments = (*args, *kwargs.items())
    slot = _slot((id(workspace), make.__module__, make.__qualname__, arguments))
    with slot.lock:
        if slot.marks != snapshot.marks:
            slot.value = make(workspace, snapshot, *args, **kwargs)
            slot.marks = snapshot.marks
        return cast(T, slot.value)


def _slot(key: Hashable) -> _Slot:
    with _slots_lock:
        slot = _slots.setdefault(key, _Slot())
        _slots.move_to_end(key)
        while len(_slots) > _MOST_KEPT:
            _slots.popitem(last=False)
        return slot
