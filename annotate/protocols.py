"""What the parts look like to each other.

``proba`` is float (n_items, n_classes) with rows that sum to 1; ``features`` float (n_items, dim);
``labels`` int (n_items,) with -1 for none; ``rows`` are positions, ascending; ``weights`` are
relative to a gold label, which has weight 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from annotate.schema import Modality, Schema

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

NO_LABEL = -1

# What a selector may ask for: only what is asked for is computed or read.
Need = Literal["features", "neighbours", "history", "ids", "predictions"]
NO_NEEDS: frozenset[Need] = frozenset()


class Progress(Protocol):
    """Told how far a long step is; ``total`` is None where it is not known."""

    def __call__(self, done: int, total: int | None, what: str) -> None: ...


def no_progress(done: int, total: int | None, what: str) -> None:
    """Ignore progress: the default where nobody watches."""


class Rows(Protocol):
    """A two-dimensional array on disk, read as float32 blocks so that it need not fit in memory."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows start to stop - 1."""
        ...

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the given rows, in the order given."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """Turns items into vectors of length 1.

    ``id`` names architecture, weights, preprocessing and number format: two encoders with one id
    give the same numbers, so it is the key of the feature cache. ``preprocess`` is picklable and
    does not hold the model, so worker processes can run it; ``forward`` runs where the model is.
    """

    @property
    def id(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def modality(self) -> Modality: ...

    @property
    def preprocessing(self) -> Mapping[str, Any]: ...

    @property
    def preprocess(self) -> Callable[[Any], Any]:
        """Function of one RGB PIL image to an array (all of one shape), or of a text to a text."""
        ...

    def to(self, device: str) -> None:
        """Move the model to a device of torch; ``id`` changes if the number format does."""
        ...

    def forward(self, batch: Any) -> NDArray[np.float32]:
        """Return (n, dim) for n preprocessed items: images as one array, texts as a list."""
        ...

    def encode(self, batch: Sequence[Any]) -> NDArray[np.float32]:
        """Return (len(batch), dim) for a batch of RGB PIL images, or of strings."""
        ...


class TrainableNetwork(Protocol):
    """An encoder's own network, a ``torch.nn.Module``, with gradients.

    ``augments`` says whether what ``prepare`` returns are colours from 0 to 1, (n, 3, height,
    width), of which weak views may be drawn.
    """

    augments: bool

    def prepare(self, items: Sequence[Any]) -> Any:
        """Return RGB PIL images, or texts, as ``forward`` takes them, where the network is."""
        ...

    def forward(self, batch: Any) -> Any:
        """Return a tensor (n, dim), each row of length 1: the encoder's features."""
        ...


@runtime_checkable
class TrainableEncoder(Protocol):
    """An encoder whose network a student may train further."""

    @property
    def id(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def trainable_network(self) -> TrainableNetwork:
        """Return a copy of the network that shares nothing with the encoder."""
        ...


@runtime_checkable
class PromptableEncoder(Protocol):
    """An encoder of images whose text tower can be prompted by vectors."""

    def promptable_model(self) -> tuple[Any, Callable[[list[str]], Any]]:
        """Return a copy of the whole model, of open_clip, and its tokenizer."""
        ...


@runtime_checkable
class TextTower(Protocol):
    """An encoder that can also embed texts into the space of its items (zero-shot needs it)."""

    @property
    def logit_scale(self) -> float:
        """What a cosine is multiplied with before softmax."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(texts), dim), each row of length 1."""
        ...


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

    def share(self, places: NDArray[Any]) -> NDArray[Any]:
        """Return this process's part of some places; all parts together are all of them."""
        ...

    def tell(self, value: Any) -> Any:
        """Return what the first process gave."""
        ...

    def add_up_gradients(self, module: Any) -> None:
        """Give every weight of a torch module the sum of its gradients in all processes."""
        ...


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
    previous : mapping of str to array, optional
        What ``parameters`` returned in the round before, of a student of the same name.
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
    previous: Mapping[str, NDArray[Any]] | None = None
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


class Items(Protocol):
    """Pictures or texts as they are, opened as they are asked for."""

    def __len__(self) -> int: ...

    def take(self, rows: Ints) -> list[Any]:
        """Return RGB PIL images or texts in the order asked for, None for what cannot be opened."""
        ...


@runtime_checkable
class EncoderStudent(Protocol):
    """A student that trains an encoder's network further, on the items themselves.

    Its ``X`` are ``Items``: every item of the corpus, with a ``y`` of -1 where there is no label.
    ``run`` and ``encoder`` are set before ``fit``.
    """

    run: TrainingRun
    encoder: TrainableEncoder | None

    def fit(self, X: Items, y: Ints, sample_weight: Floats | None = None) -> EncoderStudent: ...

    def predict_proba(self, X: Items) -> NDArray[np.float32]: ...

    def parameters(self) -> dict[str, NDArray[Any]]: ...


@runtime_checkable
class PromptStudent(Student, Protocol):
    """A student on features that prompts the encoder which made them.

    ``run``, with ``given`` for the rows of ``fit``, ``prompted_encoder`` and ``class_names``, in
    the order of the class numbers, are set before ``fit``; ``class_active`` says which of them are
    not retired.
    """

    run: TrainingRun
    prompted_encoder: PromptableEncoder | None
    class_names: tuple[str, ...]
    class_active: Bools


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
