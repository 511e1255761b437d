"""The figures of a round report as tables: what the plots show, for those who cannot see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annotate.quality.round_facts import RoundReport


@dataclass(frozen=True)
class Table:
    """Column titles and rows of cells, all as text."""

    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def build_tables(facts: RoundReport) -> dict[str, Table]:
    """Return every table of the page by name."""
    return {
        "accuracy": Table(
            ("round", "right", "checked", "accuracy", "95 % interval"),
            [
                (
                    str(point.round_no),
                    f"{point.n_right:,}",
                    f"{point.n_checked:,}",
                    f"{point.accuracy:.1%}",
                    f"{point.low:.1%} to {point.high:.1%}",
                )
                for point in facts.accuracy
            ],
        ),
        "reliability": Table(
            ("mean confidence", "right", "items"),
            [
                (f"{b.mean_confidence:.1%}", f"{b.accuracy:.1%}", f"{b.n_items:,}")
                for b in (facts.reliability.bins if facts.reliability else ())
            ],
        ),
        "shares": Table(
            ("class", *(series.source for series in facts.shares)),
            [
                (name, *(f"{series.shares[c]:.2%}" for series in facts.shares))
                for c, name in enumerate(facts.class_names)
            ],
        ),
        "accepted": Table(
            ("class", "accepted"),
            [(n, f"{k:,}") for n, k in zip(facts.class_names, facts.accepted, strict=True)],
        ),
        "rejected": Table(
            ("why not", "items"),
            [
                (reason, f"{n:,}")
                for reason, n in sorted(facts.rejected.items(), key=lambda entry: -entry[1])
            ],
        ),
        "settings": Table(("setting", "value"), list(facts.settings.items())),
        "lineage": Table(("made with", "which"), list(facts.lineage.items())),
    }
