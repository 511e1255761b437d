"""The maps that pages show: made once for each state of a project, and found by a token."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from annotate.review.map import Colouring
from annotate.steps.item_map import ItemMap, read_colouring, read_item_map
from annotate.steps.snapshot import Snapshot
from annotate.steps.workspace import Workspace

# Of 1,000,000 items each takes some 20 MB.
_MOST_OPEN = 4


@dataclass
class OpenMap:
    """One map; whoever knows its token may see where items lie, and no more."""

    token: str
    workspace: Workspace
    snapshot: Snapshot
    item_map: ItemMap
    _colourings: dict[str, Colouring] = field(default_factory=dict)

    def colouring(self, name: str) -> Colouring:
        """Return one of the map's colourings, read when it is first asked for."""
        found = self._colourings.get(name)
        if found is None:
            found = read_colouring(self.workspace, self.snapshot, self.item_map, name)
            self._colourings[name] = found
        return found


_maps: OrderedDict[tuple[object, ...], OpenMap] = OrderedDict()
_lock = threading.Lock()


def open_map(workspace: Workspace, snapshot: Snapshot) -> OpenMap:
    """Return the map of a snapshot; all pages that show this state of the project share it."""
    state = (workspace.paths.root, *snapshot.marks)
    with _lock:
        found = _maps.get(state)
        if found is None:
            item_map = read_item_map(workspace, snapshot)
            found = OpenMap(secrets.token_urlsafe(24), workspace, snapshot, item_map)
            _maps[state] = found
        _maps.move_to_end(state)
        while len(_maps) > _MOST_OPEN:
            _maps.popitem(last=False)
    return found


def find_map(token: str) -> OpenMap | None:
    """Return the map that a token stands for."""
    with _lock:
        return next((found for found in _maps.values() if found.token == token), None)
