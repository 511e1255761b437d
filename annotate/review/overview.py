"""View model: where the work stands, how fast it goes and how right the labels are."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.quality.forecast import Forecast, forecast_answers
from annotate.quality.share import Share
from annotate.quality.stopping import StopEvidence
from annotate.review.class_board import ClassRow
from annotate.review.pace import Pace


@dataclass(frozen=True)
class MeasuredAccuracy:
    """Predictions judged by one kind of answer that measures.

    ``sure`` counts only those that are sure enough to be a pseudo-label; (0 of 0) before any round.
    """

    judged_by: str
    predicted: Share
    sure: Share


@dataclass(frozen=True)
class ReviewerRow:
    """What one reviewer did; undone acts are left out.

    ``pace`` is None for answers that came from a file, which have no times of their own.
    """

    name: str
    n_labels: int
    n_rejections: int
    n_skips: int
    n_derived: int
    last_at_utc: str
    pace: Pace | None


@dataclass(frozen=True)
class Overview:
    """A project at a glance.

    Attributes
    ----------
    n_items : int
        Dropped ones left out, like everywhere here.
    n_done : int
        Items that people labelled or decided.
    n_labelled : int
        Items that carry a label of any source.
    n_asked : int
        Items that a step asked for, as a spot check or an audit, and that wait.
    quarantine : mapping of str to int
        Inputs refused when added, by reason.
    accuracy : tuple of MeasuredAccuracy
        All answers that measure first, then each kind that there is; empty where nothing measures.
    has_predictions : bool
    pace : Pace
        Of all reviewers together.
    stopping : StopEvidence
        What tells whether people may stop.
    """

    n_items: int
    n_done: int
    n_labelled: int
    n_conflicts: int
    n_asked: int
    quarantine: dict[str, int]
    labels_by_source: dict[str, int]
    classes: tuple[ClassRow, ...]
    has_predictions: bool
    accuracy: tuple[MeasuredAccuracy, ...]
    reviewers: tuple[ReviewerRow, ...]
    pace: Pace
    stopping: StopEvidence
    next_step: str

    @property
    def n_left(self) -> int:
        """Return how many items nobody has decided."""
        return self.n_items - self.n_done

    @property
    def coverage(self) -> float:
        """Return the share of items that carry a label."""
        return self.n_labelled / self.n_items if self.n_items else 0.0

    @property
    def measured(self) -> Share:
        """Return how often the prediction in force is right, by all answers that measure."""
        return self.accuracy[0].predicted if self.accuracy else Share(0, 0)

    def forecast(self, target: float) -> Forecast | None:
        """Return the further answers until a share ``target`` of all labels is right."""
        return forecast_answers(self.measured, self.n_items, self.n_done, target)
