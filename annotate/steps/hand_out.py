"""Hand a page its next items, each leased to it, so that two reviewers never get the same one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from annotate.review.cards import Card
from annotate.review.leasing import free_items
from annotate.steps.review import Queue, read_cards
from annotate.steps.workspace import Workspace
from annotate.store.decisions import read_decisions_on
from annotate.store.leases import (
    forget_expired,
    live_leases,
    release_leases,
    renew_leases,
    take_leases,
)

LEASE_S = 600.0  # a page that is open renews its leases long before
_LOOK_AT_ONCE = 256


@dataclass
class Handing:
    """One page's way through its queue.

    Attributes
    ----------
    handed : set of int
        Items this page has got already.
    start : int
        Before this place of the queue nothing is left to hand out to anybody.
    version : int
        How often the queue was put into another order.
    """

    queue: Queue
    handed: set[int] = field(default_factory=set)
    start: int = 0
    version: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, queue: Queue) -> None:
        """Go on in another order, without handing anything out again."""
        with self.lock:
            self.queue, self.start = queue, 0
            self.version += 1


def hand_out(
    workspace: Workspace, handing: Handing, n: int, *, holder: str, reviewer: str, overlap: int = 1
) -> list[Card]:
    """Return the next cards, at most ``n``; [] where nothing is free.

    Items that somebody else looks at are passed over, and looked at again each time: their lease
    may run out, or be given back.

    Parameters
    ----------
    holder : str
        Names the page in the browser, also after it was loaded again.
    reviewer : str
    overlap : int
        How many people are to answer each item.
    """
    with handing.lock:
        queue = handing.queue
        if queue.request.open_only:
            item_nos = _take(workspace, handing, n, holder, reviewer, overlap)
        else:
            item_nos = queue.item_nos[handing.start : handing.start + n].tolist()
            handing.start += len(item_nos)
        handing.handed.update(item_nos)
    return read_cards(workspace, queue, item_nos)


def keep_leases(workspace: Workspace, holder: str) -> None:
    """Let a page that is still open keep its items."""
    with workspace.store.write() as connection:
        renew_leases(connection, holder, time.time() + LEASE_S)


def give_back(workspace: Workspace, handing: Handing, holder: str, item_nos: Sequence[int]) -> None:
    """Let others have the items that a page was handed and did not answer, or this page again."""
    with handing.lock:
        handing.handed.difference_update(item_nos)
        handing.start = 0
    with workspace.store.write() as connection:
        release_leases(connection, holder, item_nos)


def _take(
    workspace: Workspace, handing: Handing, n: int, holder: str, reviewer: str, overlap: int
) -> list[int]:
    taken: list[int] = []
    places = handing.queue.item_nos
    place, nothing_before = handing.start, True
    while place < len(places) and len(taken) < n:
        chunk = places[place : place + _LOOK_AT_ONCE].tolist()
        asked = [number for number in chunk if number not in handing.handed]
        found = _lease_free(
            workspace, handing.queue, asked, n - len(taken), holder, reviewer, overlap
        )
        taken += found
        nothing_before &= not asked
        place += len(chunk)
        if nothing_before:
            handing.start = place
    return taken


def _lease_free(
    workspace: Workspace,
    queue: Queue,
    item_nos: list[int],
    n: int,
    holder: str,
    reviewer: str,
    overlap: int,
) -> list[int]:
    """Look and lease in one transaction: nobody can come in between."""
    if not item_nos:
        return []
    now_s = time.time()
    with workspace.store.write() as connection:
        forget_expired(connection, now_s)
        free = free_items(
            item_nos,
            # What is asked again is asked although it was answered.
            read_decisions_on(connection, [no for no in item_nos if not queue.doubted[no]]),
            live_leases(connection, item_nos, now_s),
            holder=holder,
            reviewer=reviewer,
            overlap=overlap,
            heirs=queue.schema.heirs(),
        )[:n]
        take_leases(connection, free, holder, reviewer, now_s + LEASE_S)
    return free
