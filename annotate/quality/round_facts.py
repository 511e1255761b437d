"""What the report of one round shows, as plain numbers and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from annotate.quality.spot_check import SpotCheck


@dataclass(frozen=True)
class RoundAccuracy:
    """Held-back gold in one round; round 0 is the first teacher; ``low`` to ``high`` is 95 %."""

    round_no: int
    n_right: int
    n_checked: int
    low: float
    high: float

    @property
    def accuracy(self) -> float:
        """Share right, 0 to 1."""
        return self.n_right / self.n_checked


@dataclass(frozen=True)
class ReliabilityBin:
    """Held-back gold items of like confidence; both means are 0 to 1."""

    mean_confidence: float
    accuracy: float
    n_items: int


@dataclass(frozen=True)
class Reliability:
    """How far confidence and truth agree; ``ece`` is the expected calibration error, 0 to 1."""

    bins: tuple[ReliabilityBin, ...]
    ece: float


@dataclass(frozen=True)
class ClassShares:
    """Share of items per class, in class order, as ``source`` sees it (teacher, student, gold)."""

    source: str
    shares: tuple[float, ...]


@dataclass(frozen=True)
class FlipExample:
    """An item that changed its class; ``text`` is a snippet where items are texts."""

    item_id: str
    text: str | None = None


@dataclass(frozen=True)
class FlippedPair:
    """Items that went from class ``before`` to class ``after`` (names)."""

    before: str
    after: str
    n_items: int
    examples: tuple[FlipExample, ...] = ()


@dataclass(frozen=True)
class RoundReport:
    """All that the page shows.

    Attributes
    ----------
    project_dir : str
        As the user writes it, for the commands the page suggests.
    stop_reason : str, optional
        Why the rounds ended with this one; None where they went on.
    n_given : int
        Gold labels and decisions that this round trained on.
    accepted : tuple of int
        Pseudo-labels accepted per class, in the order of ``class_names``.
    rejected : mapping of str to int
        Reason to how many considered items it kept out.
    warnings : tuple of str
        That the selectors accepted nothing, or nothing of some class.
    accuracy : tuple of RoundAccuracy
        Every round up to this one; empty without held-back gold.
    spot_check_asked : int
        Random items that the review queue asks between others.
    spot_check : SpotCheck, optional
        What their answers say, once there are any.
    settings, lineage : mapping of str to str
        Names and values as shown.
    """

    project_name: str
    project_dir: str
    round_no: int
    class_names: tuple[str, ...]
    n_items: int
    n_given: int
    accepted: tuple[int, ...]
    stop_reason: str | None = None
    parent_round_no: int | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    accuracy: tuple[RoundAccuracy, ...] = ()
    reliability: Reliability | None = None
    shares: tuple[ClassShares, ...] = ()
    n_flipped: int | None = None
    flips: tuple[FlippedPair, ...] = ()
    spot_check_asked: int = 0
    spot_check: SpotCheck | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, str] = field(default_factory=dict)
