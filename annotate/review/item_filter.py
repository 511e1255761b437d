"""Which items a reviewer wants to see: a few fixed questions, written in the page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

DECIDED_AS = ("accept", "relabel", "reject", "skip", "flag", "derive", "adjudicate", "conflict")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class ItemFilter:
    """What must be true of an item; an empty text asks nothing.

    Attributes
    ----------
    class_name : str
        The class of its label; where it has none, the class that is predicted.
    min_confidence, max_confidence : float
        Bounds, both included, of the confidence of the prediction; 0 and 1 ask nothing.
    source : str
        Where its label comes from: none, human, gold, derived or pseudo.
    teacher : str
        Not a question: suggestions are those of the newest prediction by this teacher.
    reviewer : str
        Who decided it.
    decided_as : str
        How it was decided, one of ``DECIDED_AS``.
    split : str
        The part of an export that it falls into.
    group : str
        Its group key.
    text : str
        Found in its text or its id; case counts only outside ASCII.
    """

    class_name: str = ""
    min_confidence: float = 0.0
    max_confidence: float = 1.0
    source: str = ""
    teacher: str = ""
    reviewer: str = ""
    decided_as: str = ""
    split: str = ""
    group: str = ""
    text: str = ""

    def as_query(self) -> dict[str, str]:
        """Return what differs from asking nothing, as parts of an address."""
        return {
            f.name: f"{value:g}" if isinstance(value, float) else value
            for f in fields(self)
            if (value := getattr(self, f.name)) != f.default
        }

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Return the filter that an address asks for; what is not understood asks nothing."""
        wanted: dict[str, str | float] = {}
        for f in fields(cls):
            if f.name in query:
                value = _parsed(f.name, query[f.name])
                if value is not None:
                    wanted[f.name] = value
        return cls(**wanted)  # type: ignore[arg-type]

    @property
    def asks_nothing(self) -> bool:
        """Return whether every item passes."""
        return self == type(self)(teacher=self.teacher)


def _parsed(name: str, value: str) -> str | float | None:
    if name not in ("min_confidence", "max_confidence"):
        return value
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None
