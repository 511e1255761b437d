"""One line of the table of budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """What was measured, beside what it is compared with and what it must reach.

    ``ours`` and ``peer`` are in ``unit``; ``ratio`` is ours over peer. ``met`` is None where it was
    not measured, or where no budget says how much it must be.
    """

    name: str
    ours: float | None
    unit: str
    budget: str = ""
    met: bool | None = None
    peer_name: str = ""
    peer: float | None = None
    ratio: float | None = None
    note: str = ""


def spread(values: Sequence[float], unit: str) -> str:
    """Return how far repetitions lie apart, for a note."""
    return f"{len(values)} runs, {min(values):,.3g} to {max(values):,.3g} {unit}"


def compare(
    name: str,
    unit: str,
    ours: Sequence[float],
    peer: Sequence[float],
    *,
    peer_name: str,
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> Row:
    """Return the row for runs of ours and of a peer that took turns; medians count."""
    ratio = median(ours) / median(peer)
    is_met = (at_least is None or ratio >= at_least) and (at_most is None or ratio <= at_most)
    sign, limit = ("≥", at_least) if at_least is not None else ("≤", at_most)
    spreads = f"ours {spread(ours, unit)}; theirs {spread(peer, unit)}"
    return Row(
        name,
        median(ours),
        unit,
        f"ratio {sign} {limit:g}",
        is_met,
        peer_name,
        median(peer),
        ratio,
        f"{note}; {spreads}" if note else spreads,
    )
