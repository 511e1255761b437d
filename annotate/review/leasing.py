"""Who may be handed an item while others review too."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from annotate.review.decision_rules import stand_on


def free_items(
    item_nos: Sequence[int],
    events: pd.DataFrame,
    leases: pd.DataFrame,
    *,
    holder: str,
    reviewer: str,
    overlap: int,
    heirs: Sequence[Sequence[int]] = (),
) -> list[int]:
    """Return those of some items that a page may be handed now, in the same order.

    An item is free for a reviewer who neither answered it nor looks at it on another page, as long
    as fewer than ``overlap`` other people answered it or look at it, and no label was ruled or
    derived for it.

    Parameters
    ----------
    item_nos : sequence of int
    events : DataFrame
        Every decision on these items, in order of seq.
    leases : DataFrame
        Columns item_no, holder, reviewer: the leases on these items that have not run out.
    holder : str
        The page; its own leases do not stand in its way.
    reviewer : str
    overlap : int
        How many people are to answer each item, 1 or more.
    heirs : sequence of sequences of int
        What each class is now: an answer of a class that was split is none.
    """
    standing = stand_on(events, heirs)
    closed = set(standing.loc[standing["kind"].isin(("derive", "adjudicate")), "item_no"])
    people = _names(standing)
    elsewhere = leases[leases["holder"] != holder]
    for number, names in _names(elsewhere).items():
        people.setdefault(number, set()).update(names)
    return [
        number
        for number in item_nos
        if number not in closed
        and reviewer not in people.get(number, ())
        and len(people.get(number, ())) < overlap
    ]


def _names(rows: pd.DataFrame) -> dict[int, set[str]]:
    names: dict[int, set[str]] = {}
    for number, name in zip(rows["item_no"], rows["reviewer"], strict=True):
        names.setdefault(int(number), set()).add(name)
    return names
