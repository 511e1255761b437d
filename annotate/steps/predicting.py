"""Stored predictions: written as float16 log-probabilities, read as float32 probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from annotate.errors import UnknownNameError
from annotate.protocols import Floats, Ints, Progress, no_progress
from annotate.schema import Schema, refuse_several_classes
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PART_ROWS, PartedArray, create_array, find_array
from annotate.store.database import Store
from annotate.store.history import (
    Record,
    find_prediction,
    head_round,
    latest_prediction,
    list_predictions,
    record_prediction,
)
from annotate.store.tables import canonical_json

KIND = "predictions"
LARGEST_PART_BYTES = 8 << 20
MOST_PART_ROWS = 32_768


class LogRows(Protocol):
    """Log-probabilities on disk, read as float32."""

    @property
    def shape(self) -> tuple[int, int]: ...
    def read(self, start: int, stop: int) -> NDArray[np.float32]: ...
    def take(self, rows: Ints) -> NDArray[np.float32]: ...


class CorpusProba:
    """Probabilities over a corpus, read block by block; a row of NaN means no answer."""

    def __init__(self, log_rows: LogRows) -> None:
        self._log_rows = log_rows

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n_items, n_classes)."""
        return self._log_rows.shape

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the probabilities of items start to stop - 1."""
        return self._as_now(_from_log(self._log_rows.read(start, stop)))

    def read_for(self, start: int, stop: int, n_classes: int) -> NDArray[np.float32]:
        """Return the block with rows and columns for what came later.

        Later items have no answer, later classes probability 0.
        """
        n_predicted, n_columns = self.shape
        n_covered = max(0, min(stop, n_predicted) - start)
        out = np.full((stop - start, n_classes), np.nan, dtype=np.float32)
        if n_covered:
            out[:n_covered, :n_columns] = self.read(start, start + n_covered)
            out[:n_covered, n_columns:] = 0
        return out

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the probabilities of the given items, in the order given; NaN for later items."""
        n_predicted, n_columns = self.shape
        out = np.full((len(rows), n_columns), np.nan, dtype=np.float32)
        covered = np.asarray(rows) < n_predicted
        out[covered] = self._as_now(_from_log(self._log_rows.take(np.asarray(rows)[covered])))
        return out

    def _as_now(self, proba: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what was read with a column for each column of ``shape``."""
        return proba


class StoredProba(CorpusProba):
    """One prediction on record as it counts in a schema.

    There is a column for every class of the schema: 0 for classes that came after the prediction.
    What was predicted for a class that was merged is added to its heir. A class that was split has
    probability 0, and the others sum to 1; where it was the likeliest there is no answer, since
    the rest would be taken for sure of what was nearly ruled out.

    Parameters
    ----------
    store : Store
    prediction_id : str
    schema : Schema
        The version in force.

    Raises
    ------
    ConfigError
        If an item may have several classes: read ``StoredClassProba`` then.
    """

    def __init__(self, store: Store, prediction_id: str, schema: Schema) -> None:
        refuse_several_classes(schema, "This step")
        found = _find(store, prediction_id)
        super().__init__(found)
        self._log_proba: PartedArray = found
        self._n_classes = max(schema.n_classes, found.n_columns)
        heirs = list(enumerate(schema.heirs()))
        self._merged = [(c, own[0]) for c, own in heirs if len(own) == 1 and own[0] != c]
        self._split = [c for c, own in heirs if len(own) > 1]

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n_items, n_classes)."""
        return self._log_proba.n_rows, self._n_classes

    def read_all(self, n_items: int) -> NDArray[np.float32]:
        """Return every row, NaN for later items; for methods that need the corpus at once."""
        n_predicted, n_columns = self._log_proba.shape
        out = np.empty((n_items, self._n_classes), dtype=np.float32)
        out[:n_predicted, n_columns:] = 0
        out[n_predicted:] = np.nan
        step = self._log_proba.part_rows
        for part_no, start in enumerate(range(0, n_predicted, step)):
            # Straight to its place: a block in between costs as much as reading itself.
            block = out[start : min(start + step, n_predicted)]
            block[:, :n_columns] = self._log_proba.part(part_no)
            _from_log(block[:, :n_columns])
            self._follow_changes(block)
        return out

    def _as_now(self, proba: NDArray[np.float32]) -> NDArray[np.float32]:
        n_later = self._n_classes - proba.shape[1]
        if n_later:
            proba = np.pad(proba, ((0, 0), (0, n_later)))
        self._follow_changes(proba)
        return proba

    def _follow_changes(self, proba: NDArray[np.float32]) -> None:
        """Let merged and split classes count as they do now, in place."""
        for before, now in self._merged:
            proba[:, now] += proba[:, before]
            proba[:, before] *= 0  # what is NaN stays NaN
        if self._split and len(proba):
            proba[np.isin(proba.argmax(axis=1), self._split)] = np.nan
            proba[:, self._split] *= 0
            proba /= proba.sum(axis=1, keepdims=True)


class StoredClassProba:
    """One prediction on record where an item may have several classes: each column by itself.

    A class that came after the prediction is NaN, since nothing was said of it.

    Parameters
    ----------
    store : Store
    prediction_id : str
    schema : Schema
        The version in force.
    """

    def __init__(self, store: Store, prediction_id: str, schema: Schema) -> None:
        self._log_proba = _find(store, prediction_id)
        self._n_classes = schema.n_classes

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n_items, n_classes)."""
        return self._log_proba.n_rows, self._n_classes

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the probabilities of items start to stop - 1; rows need not sum to 1."""
        proba = np.exp(self._log_proba.read(start, stop))
        n_later = self._n_classes - proba.shape[1]
        return np.pad(proba, ((0, 0), (0, n_later)), constant_values=np.nan)


def write_prediction(
    workspace: Workspace,
    record: Mapping[str, Any],
    proba_of: Callable[[int, int], Floats],
    *,
    progress: Progress = no_progress,
    what: str = "predict",
) -> str:
    """Store ``proba_of(start, stop)`` for every item, part by part, then put it on record.

    Parts already there and sound are kept, so a killed run goes on where it stopped.

    Parameters
    ----------
    record : mapping
        teacher, weights_sha256, encoder_id, schema_version, n_items, settings, round_no. Their hash
        is the prediction's id: the same inputs give the same id.

    Returns
    -------
    str
        The prediction's id.
    """
    n_items = record["n_items"]
    prediction_id = prediction_id_of(record)
    n_classes = workspace.schema.n_classes
    array = create_array(
        workspace.store, KIND, prediction_id, n_classes, part_rows=rows_per_part(n_classes)
    )
    for part_no, start in enumerate(range(0, n_items, array.part_rows)):
        stop = min(start + array.part_rows, n_items)
        if not array.part_covers(part_no, stop - start):
            array.write_part(part_no, _to_log(proba_of(start, stop)))
        progress(stop, n_items, what)
    with workspace.store.write() as connection:
        record_prediction(connection, {**record, "prediction_id": prediction_id})
    return prediction_id


def rows_per_part(n_classes: int) -> int:
    """Return the rows in a part of a prediction: as many as fit into 8 MiB, 4,096 to 32,768.

    Larger parts than those of features, because each part waits for the disk three times, and
    probabilities are quickly made again.
    """
    fitting = LARGEST_PART_BYTES // (n_classes * np.dtype(np.float16).itemsize)
    return max(PART_ROWS, min(MOST_PART_ROWS, fitting // PART_ROWS * PART_ROWS))


def prediction_id_of(record: Mapping[str, Any]) -> str:
    """Return the id that a prediction with these inputs has."""
    return hashlib.sha256(canonical_json(dict(record)).encode()).hexdigest()[:16]


def current_prediction(workspace: Workspace) -> Record | None:
    """Return the record of the head round's student, else of the newest teacher, else None."""
    with workspace.store.read() as connection:
        head = head_round(connection)
        if head is not None:
            return find_prediction(connection, head["prediction_id"])
        return latest_prediction(connection)


def list_teachers(workspace: Workspace) -> list[str]:
    """Return the names of those who have predicted the corpus, each once, by name."""
    with workspace.store.read() as connection:
        return sorted({record["teacher"] for record in list_predictions(connection)})


def prediction_by(workspace: Workspace, teacher: str) -> Record:
    """Return the record of the newest prediction by a teacher, or of the one with that id.

    Raises
    ------
    UnknownNameError
        If no teacher of that name has predicted; lists those that have.
    """
    with workspace.store.read() as connection:
        records = list_predictions(connection)
    for record in records:
        if record["prediction_id"] == teacher:
            return record
    by_name = {record["teacher"]: record for record in records}  # the newest comes last
    if teacher not in by_name:
        raise UnknownNameError("teacher", teacher, by_name)
    return by_name[teacher]


def _find(store: Store, prediction_id: str) -> PartedArray:
    found = find_array(store, KIND, prediction_id)
    if found is None:
        raise ValueError(f"A prediction must be on record; got id {prediction_id!r}.")
    return found


def _to_log(proba: Floats) -> NDArray[np.float16]:
    import torch

    # NumPy rounds to half precision one value at a time; torch gives the same eight times faster.
    values = torch.from_numpy(np.array(proba, dtype=np.float32))
    return values.log_().half().numpy()


def _from_log(log_proba: NDArray[np.float32]) -> NDArray[np.float32]:
    proba = np.exp(log_proba, out=log_proba)
    # Half-precision logarithms are off by up to 1 in 2,000: rows must sum to 1 again.
    proba /= proba.sum(axis=1, keepdims=True)
    return proba
