"""What a selector sees and decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from annotate.protocols.arrays import NO_LABEL, Bools, Floats, Ints, Rows

# What a selector may ask for: only what is asked for is computed or read.
Need = Literal["features", "neighbours", "history", "ids", "predictions"]
NO_NEEDS: frozenset[Need] = frozenset()


@dataclass(frozen=True)
class SelectionContext:
    """What a selector may know besides ``proba``.

    Attributes
    ----------
    labels : int array of shape (n_items,)
        Given labels, -1 = none. Labelled items are never considered as pseudo-labels.
    training : int array of shape (n_items,), optional
        Those of them that a selector may learn from: no held-back gold, no answer that measures.
        None means all may teach.
    round_no, n_rounds : int
        The round being selected for, from 1, out of how many were asked for.
    seed : int
        For selectors that draw.
    class_active : bool array of shape (n_classes,), optional
        False for retired classes, which accept nothing. None means all are active.
    neighbours : int array of shape (n_items, k), optional
        Nearest other items; None where no features exist.
    features : Rows of shape (n_items, dim), optional
        Of the encoder in use; None where none exist.
    history : sequence of float arrays or Rows of shape (n_items, n_classes)
        What the teachers of the earlier rounds of this line said, oldest first, without ``proba``.
    rows_of : function, optional
        Gives the item_no of each id, -1 for an id that is no item; None where nobody asked.
    predictions : function, optional
        Gives a prediction on record, (n_items, n_classes): the newest by a teacher of that name, or
        the one with that id; None where nobody asked.
    candidates : int array of shape (n_items,), optional
        In a chain, the class that the earlier selectors accepted for each item, -1 = none: the only
        pairs to consider. None considers every class of every item.
    """

    labels: Ints
    round_no: int = 1
    n_rounds: int = 1
    seed: int = 0
    class_active: Bools | None = None
    neighbours: Ints | None = None
    candidates: Ints | None = None
    features: Rows | None = None
    history: Sequence[Floats | Rows] = ()
    rows_of: Callable[[Sequence[str]], Ints] | None = None
    predictions: Callable[[str], Floats | Rows] | None = None
    training: Ints | None = None

    @property
    def teaching(self) -> Ints:
        """Return (n_items,) the labels that a selector may learn from, -1 = none."""
        return self.labels if self.training is None else self.training


@dataclass(frozen=True)
class Selection:
    """What a selector decided, one entry for each considered (item, class) pair.

    Attributes
    ----------
    rows : int array of shape (n_considered,)
        Item positions, ascending; an item is accepted at most once.
    classes : int array of shape (n_considered,)
        The class considered for the item.
    accepted : bool array of shape (n_considered,)
    weights : float32 array of shape (n_considered,)
        Weight relative to a gold label; 0 where not accepted.
    reasons : int8 array of shape (n_considered,)
        Index into ``reason_names``; 0 is "accepted".
    reason_names : tuple of str
        Why pairs were rejected, in words a user reads, e.g. "confidence below 0.9".
    equal_classes : bool
        True where every class got a quota of the same size, and nothing later in a chain turned any
        of it away.
    """

    rows: Ints
    classes: Ints
    accepted: Bools
    weights: Floats
    reasons: Ints
    reason_names: tuple[str, ...] = ("accepted",)
    equal_classes: bool = False

    def labels(self, n_items: int) -> NDArray[np.int32]:
        """Return (n_items,) accepted classes, -1 where none was accepted."""
        out = np.full(n_items, NO_LABEL, dtype=np.int32)
        out[self.rows[self.accepted]] = self.classes[self.accepted]
        return out


@runtime_checkable
class Selector(Protocol):
    """Decides which predictions a round may learn from; ``name`` includes its settings.

    ``needs`` names what it reads of the context that takes long to find.
    """

    name: str
    needs: frozenset[Need]

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection: ...
