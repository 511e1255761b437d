"""What a teacher sees and says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from annotate.protocols.arrays import Ints, Rows
from annotate.protocols.encoders import Encoder
from annotate.schema import Modality, Schema


@dataclass(frozen=True)
class Votes:
    """What several weak sources say of items: rules, crowds, or other teachers.

    Attributes
    ----------
    functions : tuple of str
        Who votes, a name for each column.
    classes : int16 array of shape (n_items, n_functions)
        The class voted for; -1 where the function abstains. No vote is for a retired class.
    """

    functions: tuple[str, ...]
    classes: NDArray[np.int16]


class CorpusView(Protocol):
    """What a teacher may see of a corpus."""

    n_items: int
    modality: Modality
    schema: Schema
    labels: Ints  # (n_items,) labels that may train: gold that is not held back, and decisions

    def features(self) -> Rows:
        """Return the features of the project's current encoder."""
        ...

    def neighbours(self, k: int) -> NDArray[np.int32]:
        """Return (n_items, k) nearest other items by cosine, nearest first; computed once, kept."""
        ...

    def texts(self) -> Sequence[str] | None:
        """Return the text of every item; None where items are not texts."""
        ...

    def encoder(self) -> Encoder:
        """Return the current encoder itself, loaded."""
        ...

    def predictions(self, teacher: str) -> Rows:
        """Return a prediction on record: the newest by a teacher, or the one with that id."""
        ...

    def untaught_predictions(self) -> Mapping[str, Rows]:
        """Return the predictions on record that no label of this project taught, newest last."""
        ...

    def rows_of(self, item_ids: Sequence[str]) -> Ints:
        """Return (len(item_ids),) the item_no of each id, -1 for an id that is no item."""
        ...

    def votes(self) -> Votes:
        """Return every stored vote; NotReadyError if there is none."""
        ...


@runtime_checkable
class Teacher(Protocol):
    """Gives every item class probabilities.

    ``learns_from_labels`` says whether ``fit`` looks at the labels people gave. ``parameters`` are
    the arrays it learnt, by name ({} if none): they are saved as safetensors and their hash goes
    into the lineage of every label it gives.
    """

    name: str
    learns_from_labels: bool

    def fit(self, view: CorpusView) -> None: ...

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); a row of NaN means no answer."""
        ...

    def parameters(self) -> dict[str, NDArray[Any]]: ...


@runtime_checkable
class WeighsExperts(Protocol):
    """A teacher that pools what several experts say, and tells how much each counts.

    ``expert_weights`` has 0 or more by the expert's name; ``fit`` sets it. The step that predicts
    shows it and puts it on record with the prediction.
    """

    expert_weights: Mapping[str, float]
