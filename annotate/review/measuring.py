"""Items asked in order to measure: shown blind, and their answers never train."""

from __future__ import annotations

from typing import Literal

SPOT_CHECK = "spot check"
AUDIT = "audit"


def is_blind(reason: str | None) -> bool:
    """Return whether an item asked first for ``reason`` is shown without its suggestion.

    A suggestion pulls answers towards itself, and what is pulled no longer measures.
    """
    return reason is not None and reason.startswith((SPOT_CHECK, AUDIT))


def purpose_and_role(
    reason: str | None,
) -> tuple[Literal["review", "audit"], Literal["train", "held_back"]]:
    """Return the purpose and role of a decision on an item asked first for ``reason``, or not."""
    if reason is None or not is_blind(reason):
        return "review", "train"
    return ("audit" if reason.startswith(AUDIT) else "review"), "held_back"
