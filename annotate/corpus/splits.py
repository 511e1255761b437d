"""Which gold is held back, and which part of an export an item belongs to: both by hash.

A hash of the item's key (its group, else its content) decides, so the answer does not depend on
order, machine or seed, and near relatives in one group always stay together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

Role = Literal["train", "held_back"]
Split = Literal["train", "validation", "test"]

MIN_GOLD_PER_CLASS = 5


def rank_of(key: str, salt: str) -> float:
    """Return a number in [0, 1) that depends only on ``key`` and ``salt``."""
    digest = hashlib.sha256(f"{salt}\0{key}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)


def split_of(key: str) -> Split:
    """Return the part of an export that a key falls into: 80 % train, 10 % each for the others."""
    rank = rank_of(key, "split")
    if rank < 0.8:
        return "train"
    return "validation" if rank < 0.9 else "test"


def held_back_roles(
    labels: Sequence[str], keys: Sequence[str], already: Mapping[str, Role]
) -> list[Role]:
    """Decide which gold labels measure and which train.

    Parameters
    ----------
    labels : sequence of str, length n_gold
        Class of each gold item; all the gold there is, old and new.
    keys : sequence of str, length n_gold
        The item's group, else its content's sha256. Items that share a key share a role.
    already : mapping of key to role
        Roles given before; they never change.

    Returns
    -------
    list of {"train", "held_back"}, length n_gold
        Per class, floor(20 %) of its items are held back; none in a class with fewer than 5.
        Whole keys in order of their hash are held back as long as no class gets more than its
        share, so large groups may leave a class a little short, never over. A key that was
        given a role by a smaller corpus keeps it.
    """
    members: dict[str, list[str]] = {}
    totals: dict[str, int] = {}
    for label, key in zip(labels, keys, strict=True):
        members.setdefault(key, []).append(label)
        totals[label] = totals.get(label, 0) + 1
    # Whole numbers: 0.2 * 5 must be 1 on every machine.
    room = {c: n // 5 if n >= MIN_GOLD_PER_CLASS else 0 for c, n in totals.items()}
    roles: dict[str, Role] = {key: already[key] for key in members if key in already}
    for key, role in roles.items():
        if role == "held_back":
            for label in members[key]:
                room[label] -= 1
    fresh = (key for key in members if key not in roles)
    for key in sorted(fresh, key=lambda key: (rank_of(key, "held back"), key)):
        needed = {label: members[key].count(label) for label in set(members[key])}
        fits = all(room[label] >= count for label, count in needed.items())
        roles[key] = "held_back" if fits else "train"
        if fits:
            for label, count in needed.items():
                room[label] -= count
    return [roles[key] for key in keys]
