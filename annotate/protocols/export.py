"""What is exported, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class ExportRow:
    """One exported label with its lineage. Field order is column order in every format.

    Attributes
    ----------
    source : str
        ``human``, ``gold`` or ``pseudo``.
    confidence : float, optional
        0 to 1; what the teacher gave the label.
    teacher, teacher_sha256, prediction_id, selector, round_no
        Lineage of a pseudo-label: who gave it, with which weights, in which prediction, chosen by
        which selector (settings included), in which round.
    labelled_at_utc : str, optional
        ISO 8601.
    sha256 : str
        Of the item's bytes as they arrived; an export refuses a file that has changed since.
    path : str, optional
        The file that holds an item's bytes, as this machine opens it.
    extra : mapping
        What a caller adds; must fit into JSON.
    """

    item_id: str
    label: str
    class_no: int
    source: str
    confidence: float | None
    teacher: str | None
    round_no: int | None
    reviewer: str | None
    labelled_at_utc: str | None
    split: str
    sha256: str
    teacher_sha256: str | None = None
    prediction_id: str | None = None
    selector: str | None = None
    path: str | None = None
    text: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Exporter(Protocol):
    """Writes one format; the caller makes the folder appear whole or not at all."""

    def write(self, rows: Iterable[ExportRow], destination: Path) -> None: ...
