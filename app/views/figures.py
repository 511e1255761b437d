"""Numbers as people read them."""

from __future__ import annotations

from typing import Protocol

import streamlit as st

PERCENT = st.column_config.NumberColumn(format="%.1f %%")


class Counted(Protocol):
    """A share that was counted, with its interval."""

    @property
    def n(self) -> int: ...
    @property
    def n_right(self) -> int: ...
    @property
    def value(self) -> float | None: ...
    @property
    def interval(self) -> tuple[float, float]: ...


def percent(share: float | None) -> str:
    """Return a share as per cent, or a dash."""
    return "–" if share is None else f"{share:.1%}"


def interval(share: Counted) -> str:
    """Return the 95 % interval of a share, or a dash where nothing was counted."""
    if not share.n:
        return "–"
    low, high = share.interval
    return f"{low:.1%} to {high:.1%}"


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun; ``plural`` where it is not the noun with an s."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {plural or noun + 's'}"


def hours(n_hours: float) -> str:
    """Return a time of work: in minutes below two hours."""
    return f"{n_hours * 60:,.0f} min" if n_hours < 2 else f"{n_hours:,.1f} h"


def when(time_utc: str) -> str:
    """Return an ISO 8601 time to the minute."""
    return time_utc[:16].replace("T", " ")


def in_percent(share: float | None) -> float | None:
    """Return a share times 100, for a column of ``PERCENT``: it sorts as a number."""
    return None if share is None else share * 100


def height_of(n_rows: int, most: int) -> int:
    """Return the height in pixels of a table that shows all rows, or ``most`` and a bar."""
    return 38 + 35 * min(n_rows, most)
