"""What a page asks to be handed: which items, in which order."""

from __future__ import annotations

from dataclasses import dataclass, field

from annotate.review.item_filter import ItemFilter
from annotate.review.queue import DEFAULT_ORDER


@dataclass(frozen=True)
class QueueRequest:
    """A queue as a page asks for it.

    Attributes
    ----------
    order : str
        A name in ``queue_orders``.
    filter : ItemFilter
    item_nos : tuple of int, optional
        Exactly these items, in this order, instead of an order's ranking.
    open_only : bool
        Leave out items that need no answer: decided by enough people, gold or dropped.
    """

    order: str = DEFAULT_ORDER
    filter: ItemFilter = field(default_factory=ItemFilter)
    item_nos: tuple[int, ...] | None = None
    open_only: bool = True
