"""Hand a page its next items, each leased to it, so that two reviewers never get the same one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from annotate.review.cards import Card
from annotate.review.leasing import NOBODY, free_items
from annotate.steps.review import Queue, read_cards
from annotate.steps.workspace import Workspace
from annotate.store.decisions import read_decisions_on
from annotate.store.leases import forget_expired, live_leases, release_leases, take_leases
from annotate.store.schema_versions import latest_schema

LEASE_S = 600.0  # a page that is open renews its leases long before
_LOOK_AT_ONCE = 256


@dataclass
class Handing:
    """One page's way through its queue.

    Attributes
    ----------
    queue : Queue
    reviewer : str
    overlap : int
        How many people are to answer each item.
    handed : set of int
        Items this page has got already.
    start : int
        Before this place of the queue nothing is left to hand out to this page.
    version : int
        How often the queue was put into another order.
    """

    queue: Queue
    reviewer: str
    overlap: int = 1
    handed: set[int] = field(default_factory=set)
    start: int = 0
    version: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, queue: Queue) -> None:
        """Go on in another order, without handing anything out again."""
        with self.lock:
            self.queue, self.start = queue, 0
            self.version += 1

    @property
    def leases(self) -> bool:
        """Return whether items are leased: not those that somebody picked to look at them."""
        return self.queue.request.open_only or self.queue.request.item_nos is None


def hand_out(workspace: Workspace, handing: Handing, n: int, holder: str) -> list[Card]:
    """Return the next cards, at most ``n``; [] where nothing is free.

    Items that somebody else looks at are passed over, and looked at again each time: their lease
    may run out, or be given back.

    Parameters
    ----------
    holder : str
        Names the page in the browser, also after it was loaded again.
    """
    with handing.lock:
        queue = handing.queue
        if handing.leases:
            item_nos = _take(workspace, handing, n, holder)
        else:
            item_nos = queue.item_nos[handing.start : handing.start + n].tolist()
            handing.start += len(item_nos)
        handing.handed.update(item_nos)
    return read_cards(workspace, queue, item_nos)


def keep_leases(
    workspace: Workspace, handing: Handing, holder: str, item_nos: Sequence[int]
) -> list[int]:
    """Let an open page keep its items; return those that it has lost.

    A page that slept longer than its leases may have lost some to others.
    """
    if not handing.leases:
        return []
    with workspace.store.write() as connection:
        kept = _free(connection, handing, item_nos, holder)
        take_leases(connection, kept, holder, handing.reviewer, time.time() + LEASE_S)
    return sorted(set(item_nos) - set(kept))


def give_back(workspace: Workspace, handing: Handing, holder: str, item_nos: Sequence[int]) -> None:
    """Let others have the items that a page was handed and did not answer, or this page again."""
    if not item_nos:
        return
    with handing.lock:
        handing.handed.difference_update(item_nos)
        handing.start = 0
    with workspace.store.write() as connection:
        release_leases(connection, holder, item_nos)


def _take(workspace: Workspace, handing: Handing, n: int, holder: str) -> list[int]:
    taken: list[int] = []
    places = handing.queue.item_nos
    place, nothing_before = handing.start, True
    while place < len(places) and len(taken) < n:
        chunk = places[place : place + _LOOK_AT_ONCE].tolist()
        place += len(chunk)
        asked = [number for number in chunk if number not in handing.handed]
        # Looking takes no turn from those who save; most chunks behind others hold nothing free.
        with workspace.store.read() as connection:
            unanswered = _free(connection, handing, asked, holder, leases=False)
            free = _free(connection, handing, unanswered, holder)
        if free:
            taken += _lease(workspace, handing, free, n - len(taken), holder)
        nothing_before &= not unanswered
        if nothing_before:
            handing.start = place
    return taken


def _lease(
    workspace: Workspace, handing: Handing, item_nos: list[int], n: int, holder: str
) -> list[int]:
    """Look and lease in one transaction: nobody can come in between."""
    now_s = time.time()
    with workspace.store.write() as connection:
        forget_expired(connection, now_s)
        free = _free(connection, handing, item_nos, holder)[:n]
        take_leases(connection, free, holder, handing.reviewer, now_s + LEASE_S)
    return free


def _free(
    connection: Connection,
    handing: Handing,
    item_nos: Sequence[int],
    holder: str,
    *,
    leases: bool = True,
) -> list[int]:
    """Return those of some items that the page may have now; leases may be left aside."""
    queue = handing.queue
    again = {no for no in item_nos if queue.doubted[no] or not queue.request.open_only}
    return free_items(
        item_nos,
        read_decisions_on(connection, item_nos),
        live_leases(connection, item_nos, time.time()) if leases else NOBODY,
        holder=holder,
        reviewer=handing.reviewer,
        overlap=handing.overlap,
        heirs=latest_schema(connection).heirs(),
        again=again,
    )
