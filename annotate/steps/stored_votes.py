"""Votes of weak sources on disk: in sets by name, of which the newest of each name counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError, UnknownNameError
from annotate.protocols import NO_LABEL, Votes
from annotate.steps.label_table import counts_as
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray, array_settings, create_array, list_arrays

KIND = "votes"
PART_ROWS = 65_536


@dataclass(frozen=True)
class VoteSet:
    """Votes that came together, under a name.

    Attributes
    ----------
    name : str
    origin : str
        ``functions``, ``table`` or ``teachers``.
    functions : tuple of str
        Who votes, a name for each column.
    settings : mapping
        Everything on record: file and its hash, schema version, errors.
    """

    name: str
    origin: str
    functions: tuple[str, ...]
    settings: Mapping[str, Any]
    array: PartedArray


def write_vote_set(
    workspace: Workspace,
    name: str,
    origin: str,
    functions: Sequence[str],
    classes: NDArray[np.int16],
    details: Mapping[str, Any],
) -> VoteSet:
    """Store votes as the newest set of their name; the same votes again change nothing.

    Parameters
    ----------
    name : str
        Letters, digits, dots, dashes and underscores.
    functions : sequence of str
    classes : int16 array of shape (n_items, n_functions)
    details : mapping
        What else to keep; must fit into JSON.

    Raises
    ------
    ConfigError
        If the name cannot name a folder, or two functions have one name.
    """
    _check_names(name, functions)
    settings = {
        "name": name,
        "origin": origin,
        "functions": list(functions),
        "sha256": hashlib.sha256(classes.tobytes()).hexdigest(),
        "n_items": len(classes),
        "schema_version": workspace.schema.version,
        **details,
    }
    sets = [own for own in _all_sets(workspace) if own.name == name]
    if sets:
        recorded = {k: v for k, v in sets[-1].settings.items() if k != "part_rows"}
        if recorded == settings:
            return sets[-1]
    array = create_array(
        workspace.store, KIND, f"{name}-{_next_number(workspace, name):04d}", len(functions),
        dtype="int16", settings=settings, part_rows=PART_ROWS,
    )  # fmt: skip
    if functions:
        for part_no, start in enumerate(range(0, len(classes), PART_ROWS)):
            array.write_part(part_no, classes[start : start + PART_ROWS])
    return VoteSet(name, origin, tuple(functions), settings, array)


def remove_vote_set(workspace: Workspace, name: str) -> None:
    """Let the votes of that name count no more; what was made of them stays as it is.

    Raises
    ------
    UnknownNameError
        If there is no such set.
    """
    with workspace.running("votes remove"):
        known = [own.name for own in vote_sets(workspace)]
        if name not in known:
            raise UnknownNameError("set of votes", name, known)
        write_vote_set(workspace, name, "removed", (), np.empty((0, 0), dtype=np.int16), {})


def vote_sets(workspace: Workspace) -> list[VoteSet]:
    """Return the sets that count: the newest complete one of each name, in order of name."""
    newest = {own.name: own for own in _all_sets(workspace)}
    return [newest[name] for name in sorted(newest) if newest[name].functions]


def read_votes(workspace: Workspace, n_items: int) -> tuple[Votes, tuple[str, ...]]:
    """Return every vote that counts, side by side, and the ids of the sets they are from.

    Votes follow their classes through mergers; those for a split or retired class are abstentions,
    and so is what a set made before an item came says of it.
    """
    sets = vote_sets(workspace)
    now = counts_as(workspace.schema)
    now = np.where((now >= 0) & workspace.schema.class_active[now], now, NO_LABEL)
    position = np.append(now, NO_LABEL).astype(np.int16)
    functions = tuple(f"{own.name}.{function}" for own in sets for function in own.functions)
    classes = np.full((n_items, len(functions)), NO_LABEL, dtype=np.int16)
    column = 0
    for own in sets:
        width = len(own.functions)
        for part_no, start in enumerate(range(0, min(own.array.n_rows, n_items), PART_ROWS)):
            part = own.array.part(part_no)
            classes[start : start + len(part), column : column + width] = position[part]
        column += width
    return Votes(functions, classes), tuple(own.array.array_id for own in sets)


def _all_sets(workspace: Workspace) -> list[VoteSet]:
    """Return every complete set, oldest first."""
    found = []
    for array in list_arrays(workspace.store):
        if array.kind != KIND:
            continue
        settings = array_settings(workspace.store, KIND, array.array_id)
        if array.n_rows == settings["n_items"]:
            functions = tuple(settings["functions"])
            found.append(VoteSet(settings["name"], settings["origin"], functions, settings, array))
    return found


def _next_number(workspace: Workspace, name: str) -> int:
    taken = [
        int(array.array_id.rpartition("-")[2])
        for array in list_arrays(workspace.store)
        if array.kind == KIND and array.array_id.rpartition("-")[0] == name
    ]
    return max(taken, default=0) + 1


def _check_names(name: str, functions: Sequence[str]) -> None:
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not (plain.isascii() and plain.isalnum()) or name.startswith("."):
        raise ConfigError(
            "The name of a set of votes must be of letters, digits, dots, dashes and underscores;"
            f" got {name!r}. Give another with --name."
        )
    twice = {function for function in functions if list(functions).count(function) > 1}
    if twice:
        raise ConfigError(
            f"Each function must have a name of its own; {sorted(twice)[0]!r} stands twice. Rename"
            " one."
        )
