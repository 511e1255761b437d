"""Who may be handed an item while others review too."""

from __future__ import annotations

from collections.abc import Container, Sequence

import pandas as pd

from annotate.review.decision_rules import stand_on

NOBODY = pd.DataFrame({"item_no": [], "holder": [], "reviewer": []})


def free_items(
    item_nos: Sequence[int],
    events: pd.DataFrame,
    leases: pd.DataFrame,
    *,
    holder: str,
    reviewer: str,
    overlap: int,
    heirs: Sequence[Sequence[int]] = (),
    again: Container[int] = (),
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
    again : container of int
        Items that are asked whatever was answered: only somebody who looks at one stands in the
        way.
    """
    standing = stand_on(events, heirs)
    closed = set(standing.loc[standing["kind"].isin(("derive", "adjudicate")), "item_no"])
    answered = _names(standing)
    looking = _names(leases[leases["holder"] != holder])

    def is_free(number: int) -> bool:
        # Who has answered looks at it no more, although the lease has not run out.
        lookers = looking.get(number, set()) - answered.get(number, set())
        people = lookers if number in again else lookers | answered.get(number, set())
        is_closed = number in closed and number not in again
        return not is_closed and reviewer not in people and len(people) < overlap

    return [number for number in item_nos if is_free(number)]


def _names(rows: pd.DataFrame) -> dict[int, set[str]]:
    names: dict[int, set[str]] = {}
    for number, name in zip(rows["item_no"], rows["reviewer"], strict=True):
        names.setdefault(int(number), set()).add(name)
    return names
