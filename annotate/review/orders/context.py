"""What every queue order is given, and what it must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from annotate.errors import NotReadyError
from annotate.protocols import Ints, Rows
from annotate.review.prediction_summary import PredictionSummary


class OrderSources(Protocol):
    """What is read only if an order asks for it; each raises NotReadyError if it is not there."""

    def features(self) -> Rows:
        """Return the features in use, of every item."""
        ...

    def neighbours(self, k: int) -> Ints:
        """Return (n_items, k) the nearest other items of every item, if they have been found."""
        ...

    def prediction(self) -> Rows:
        """Return the prediction that was summarised, as (n_items, n_classes).

        Retired classes have probability 0; a row of NaN means no answer.
        """
        ...

    def predictions(self) -> Sequence[Rows]:
        """Return what each teacher said last, two or more, in the form of ``prediction``."""
        ...

    def class_no(self, name: str) -> int:
        """Return the number of a class that takes labels; UnknownNameError if there is none."""
        ...


class NoSources:
    """No features and no predictions: for orders that need none."""

    def features(self) -> Rows:
        """Raise NotReadyError."""
        raise _missing("features")

    def neighbours(self, k: int) -> Ints:
        """Raise NotReadyError."""
        raise _missing("neighbours")

    def prediction(self) -> Rows:
        """Raise NotReadyError."""
        raise _missing("a prediction")

    def predictions(self) -> Sequence[Rows]:
        """Raise NotReadyError."""
        raise _missing("predictions")

    def class_no(self, name: str) -> int:
        """Raise NotReadyError."""
        raise _missing("the names of classes")


def _missing(what: str) -> NotReadyError:
    return NotReadyError(f"This queue order needs {what}; none came with it. Give its sources.")


@dataclass(frozen=True)
class OrderContext:
    """What an order may know besides the summary.

    Attributes
    ----------
    rows : int array of shape (n_asked,)
        The items to put in order, ascending. They are open; with ``includes_labelled`` some have a
        label in doubt instead; with ``needs_prediction`` all have an answer in the summary.
    labels : int array of shape (n_items,)
        Labels that people gave so far and that may train, -1 = none.
    n_classes : int
    seed : int
        For orders that draw.
    sources : OrderSources
    """

    rows: Ints
    labels: Ints
    n_classes: int
    seed: int = 0
    sources: OrderSources = field(default_factory=NoSources)


class QueueOrder(Protocol):
    """Puts items in order.

    Attributes
    ----------
    because : str
        Tells a reviewer why an item was asked.
    needs_prediction : bool
        True if items that the prediction did not answer cannot be ranked; they then come last.
    includes_labelled : bool
        True if items whose given label the prediction contradicts are asked too.
    """

    because: str
    needs_prediction: bool
    includes_labelled: bool

    def rank(self, summary: PredictionSummary, context: OrderContext) -> Ints:
        """Return ``context.rows``, each once, the first to be asked first.

        Equals keep item order, unless the order draws.
        """
        ...
