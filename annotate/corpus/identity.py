"""Rules for ids, and what becomes of an input whose id or content is already known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

MAX_ID_BYTES = 4096

Fate = Literal["new", "duplicate", "duplicate_id", "id_conflict"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)
_WINDOWS_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f]')


def id_problem(item_id: str) -> str | None:
    """Return what is wrong with an id that came in a table, or None."""
    if not item_id:
        return "the id is empty"
    if len(item_id) > MAX_ID_BYTES or len(item_id.encode("utf-8", "replace")) > MAX_ID_BYTES:
        return f"an id must have at most {MAX_ID_BYTES:,} bytes; this one starts {item_id[:40]!r}"
    if _CONTROL.search(item_id):
        return f"an id must not hold control characters; got {item_id[:80]!r}"
    if ".." in item_id and ".." in re.split(r"[/\\]", item_id):
        return f"an id must not have a part '..'; got {item_id[:80]!r}"
    return None


def flag_names(paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return flags for paths that would collide or be refused on another system.

    Parameters
    ----------
    paths : sequence of str
        POSIX paths of one source, each once.

    Returns
    -------
    dict of str to tuple of str
        Only the paths that have flags: ``flag:unicode_collision``, ``flag:case_collision`` and
        ``flag:windows_name``.
    """
    flags: dict[str, list[str]] = {}
    same_form = _group(paths, lambda path: unicodedata.normalize("NFC", path))
    for members in same_form:
        for path in members:
            flags.setdefault(path, []).append("flag:unicode_collision")
    for members in _group(paths, lambda path: unicodedata.normalize("NFC", path).casefold()):
        # Names that differ by accent form alone are the unicode collision already flagged.
        if len({unicodedata.normalize("NFC", path) for path in members}) > 1:
            for path in members:
                flags.setdefault(path, []).append("flag:case_collision")
    for path in paths:
        if any(_breaks_windows(part) for part in path.split("/")):
            flags.setdefault(path, []).append("flag:windows_name")
    return {path: tuple(found) for path, found in flags.items()}


def _group(paths: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(key(path), []).append(path)
    return [members for members in groups.values() if len(members) > 1]


def _breaks_windows(part: str) -> bool:
    return (
        part.endswith((".", " "))
        or _WINDOWS_FORBIDDEN.search(part) is not None
        or _WINDOWS_DEVICE.fullmatch(part) is not None
    )


class Resolution(NamedTuple):
    """What becomes of one input, and the id of the item that it meets."""

    fate: Fate
    other_id: str | None = None


def resolve_duplicates(
    batch: Sequence[tuple[str, str]],
    known_ids: Mapping[str, str],
    known_content: Mapping[str, str],
) -> list[Resolution]:
    """Decide for each (item_id, sha256) whether it is new.

    Parameters
    ----------
    batch : sequence of (item_id, sha256)
        Accepted inputs in source order. An input counts as known for those after it.
    known_ids : mapping of item_id to sha256
        Items already in the project; needs to hold only the ids of the batch.
    known_content : mapping of sha256 to the first item_id with it
        Needs to hold only the digests of the batch.

    Returns
    -------
    list of Resolution
        ``new``; ``duplicate`` (a new item whose content ``other_id`` has too); ``duplicate_id``
        (same id, same content: not added again); ``id_conflict`` (same id, other content: the
        earlier item stays, this input is rejected).
    """
    ids, content = dict(known_ids), dict(known_content)
    resolved = []
    for item_id, sha256 in batch:
        if item_id in ids:
            fate: Fate = "duplicate_id" if ids[item_id] == sha256 else "id_conflict"
            resolved.append(Resolution(fate, item_id))
            continue
        ids[item_id] = sha256
        first = content.setdefault(sha256, item_id)
        resolved.append(Resolution("new") if first == item_id else Resolution("duplicate", first))
    return resolved
