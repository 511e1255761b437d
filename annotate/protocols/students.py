"""What a round trains, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from annotate.protocols.arrays import Bools, Floats, Ints, Items, Progress, Rows, no_progress
from annotate.protocols.encoders import PromptableEncoder, TrainableEncoder


@runtime_checkable
class Student(Protocol):
    """What a round trains, in scikit-learn's form.

    ``smoothing_k`` is the number of neighbours that its probabilities are to be averaged over by
    whoever has the corpus; 0 for none.
    """

    smoothing_k: int

    def fit(self, X: Floats, y: Ints, sample_weight: Floats | None = None) -> Student: ...

    def predict_proba(self, X: Floats) -> NDArray[np.float32]: ...

    def parameters(self) -> dict[str, NDArray[Any]]: ...

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None: ...


class Checkpoints(Protocol):
    """Keeps the state of a long training, so that a killed one goes on where it was."""

    def load(self, key: str) -> Mapping[str, NDArray[Any]] | None:
        """Return what was saved last under this key, None if nothing was."""
        ...

    def save(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays in place of all that was saved before."""
        ...


class Processes(Protocol):
    """Several processes that train one network together, each on its share of the items.

    Every method but ``share`` waits until all have called it.
    """

    @property
    def rank(self) -> int:
        """Return 0 for the process that reads and writes the project; the others help it."""
        ...

    @property
    def size(self) -> int:
        """Return how many there are."""
        ...

    def share(self, places: NDArray[Any]) -> NDArray[Any]:
        """Return this process's part of some places; all parts together are all of them."""
        ...

    def tell(self, value: Any) -> Any:
        """Return what the first process gave."""
        ...

    def add_up(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of every process's array."""
        ...

    def add_up_gradients(self, module: Any) -> None:
        """Give every weight of a torch module the sum of its gradients in all processes."""
        ...


@dataclass(frozen=True)
class Opinions:
    """What people said of items that they are divided about, as soft labels.

    Attributes
    ----------
    rows : int array of shape (n_divided,)
        Ascending; none of them has a label.
    shares : float array of shape (n_divided, n_classes)
        Of people's answers; rows sum to 1.
    """

    rows: Ints
    shares: Floats


@dataclass(frozen=True)
class TrainingRun:
    """What a training in many steps is told by whoever starts it.

    Attributes
    ----------
    seed : int
        Fixes the first weights, the batches and the views.
    checkpoints : Checkpoints, optional
        None keeps nothing: a killed training begins anew.
    progress : Progress
        Told of every step.
    teacher_proba : float array of shape (n_rows, n_classes), optional
        What the round's teacher says of every row of ``X``, NaN for no answer; for students that
        learn from it beside the labels.
    given : bool array of shape (n_rows,), optional
        Whose label people or gold gave; of the others a pseudo-label. None where all are given.
    may_train : bool array of shape (n_rows,), optional
        False for what no student may look at: what measures, what people ruled out, dropped items.
        None where all may be.
    measures : bool array of shape (n_rows,), optional
        Whose label measures the round. None where nothing does.
    previous : mapping of str to array, optional
        What ``parameters`` returned in the round before, of a student of the same name.
    opinions : Opinions, optional
        For students that learn probabilities. None where nobody is asked.
    features : Rows, optional
        Of every row of ``X``, by the encoder that an ``EncoderStudent`` trains, as it was before; a
        row of NaN for what could not be opened. None where there are none at hand.
    processes : Processes, optional
        Those that train the same network; None where this one is alone. A student that takes no
        notice of them trains alike in each.
    """

    seed: int = 0
    checkpoints: Checkpoints | None = None
    progress: Progress = no_progress
    teacher_proba: Floats | None = None
    given: Bools | None = None
    may_train: Bools | None = None
    measures: Bools | None = None
    previous: Mapping[str, NDArray[Any]] | None = None
    opinions: Opinions | None = None
    features: Rows | None = None
    processes: Processes | None = None


@runtime_checkable
class NetworkStudent(Student, Protocol):
    """A student that trains a network on pixels instead of features.

    Its ``X`` is (n_rows, 3 * side_px ** 2): each row a picture's colours from 0 to 255, line by
    line, or NaN where it could not be opened; an array or ``Rows``. It gets every row of the
    corpus, with a ``y`` of -1 where there is no label, and learns from those or passes over them.
    ``run`` is set before ``fit``.
    """

    side_px: int
    goes_on: bool  # whether it reads ``run.previous``
    run: TrainingRun

    def fit(
        self, X: Floats | Rows, y: Ints, sample_weight: Floats | None = None
    ) -> NetworkStudent: ...

    def predict_proba(self, X: Floats | Rows) -> NDArray[np.float32]: ...


@runtime_checkable
class EncoderStudent(Protocol):
    """A student that trains an encoder's network further, on the items themselves.

    Its ``X`` are ``Items``: every item of the corpus, with a ``y`` of -1 where there is no label.
    ``run`` and ``encoder`` are set before ``fit``.
    """

    run: TrainingRun
    encoder: TrainableEncoder | None

    def check(self, encoder: TrainableEncoder) -> None:
        """Raise ConfigError if the student cannot train an encoder."""
        ...

    def fit(self, X: Items, y: Ints, sample_weight: Floats | None = None) -> EncoderStudent: ...

    def predict_proba(self, X: Items) -> NDArray[np.float32]: ...

    def parameters(self) -> dict[str, NDArray[Any]]: ...


@runtime_checkable
class PromptStudent(Student, Protocol):
    """A student on features that prompts the encoder which made them.

    One that ``reads_pictures`` gets ``Rows`` of what the encoder makes of them instead.
    ``run``, with ``given`` for the rows of ``fit``, ``prompted_encoder`` and ``class_names``, in
    the order of the class numbers, are set before ``fit``; ``class_active`` says which of them are
    not retired.
    """

    run: TrainingRun
    reads_pictures: bool
    prompted_encoder: PromptableEncoder | None
    class_names: tuple[str, ...]
    class_active: Bools

    def fit(
        self, X: Floats | Rows, y: Ints, sample_weight: Floats | None = None
    ) -> PromptStudent: ...

    def predict_proba(self, X: Floats | Rows) -> NDArray[np.float32]: ...
