"""Small stand-ins that meet the protocols, for tests of what uses them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Ints, Votes
from annotate.schema import Modality, Schema, new_schema


@dataclass
class ArrayRows:
    """``Rows`` over an array in memory; counts the rows that were read."""

    values: NDArray[np.float32]
    n_rows_read: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.values), self.values.shape[1]

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        self.n_rows_read += stop - start
        return self.values[start:stop]

    def take(self, rows: Ints) -> NDArray[np.float32]:
        self.n_rows_read += len(rows)
        return self.values[rows]


@dataclass
class FakeEncoder:
    """A text encoder with a text tower: equal texts get equal vectors of length 1, others do not.

    Counts its calls in ``n_encoded``.
    """

    id: str = "fake-1"
    dim: int = 8
    modality: Modality = "text"
    preprocessing: dict[str, Any] = field(default_factory=dict)
    logit_scale: float = 10.0
    n_encoded: int = 0

    def preprocess(self, item: str) -> str:
        return item

    def to(self, device: str) -> None:
        """Stay where it is: there is no model."""

    def forward(self, batch: Sequence[str]) -> NDArray[np.float32]:
        self.n_encoded += len(batch)
        return self.encode_texts(batch)

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        return self.forward([self.preprocess(item) for item in batch])

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        seeds = [zlib.crc32(text.encode()) for text in texts]
        drawn = [np.random.default_rng(seed).normal(size=self.dim) for seed in seeds]
        vectors = np.asarray(drawn, dtype=np.float32).reshape(len(texts), self.dim)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class FakeView:
    """A corpus view over arrays.

    Parameters
    ----------
    vectors : float array of shape (n_items, dim)
    labels : int array of shape (n_items,), optional
        Default: none are given.
    schema : Schema, optional
        Default: classes "a", "b" and "c".

    ``stored`` holds predictions on record by teacher, ``untaught`` those that no label taught,
    ``item_texts`` the texts of items that are texts.
    """

    def __init__(
        self,
        vectors: NDArray[Any],
        labels: Ints | None = None,
        schema: Schema | None = None,
        encoder: FakeEncoder | None = None,
    ) -> None:
        self.n_items = len(vectors)
        self.schema = schema or new_schema(["a", "b", "c"])
        self.labels = np.full(self.n_items, NO_LABEL) if labels is None else np.asarray(labels)
        self._rows = ArrayRows(np.asarray(vectors, dtype=np.float32))
        self._encoder = encoder or FakeEncoder(dim=self._rows.shape[1])
        self.modality: Modality = self._encoder.modality
        self.stored: dict[str, NDArray[Any]] = {}
        self.untaught: dict[str, NDArray[Any]] = {}
        self.item_texts: list[str] | None = None

    def features(self) -> ArrayRows:
        return self._rows

    def neighbours(self, k: int) -> NDArray[np.int32]:
        """The definition, slowly: sort all others by cosine; the lower row wins a tie."""
        unit = self._rows.values / np.linalg.norm(self._rows.values, axis=1, keepdims=True)
        cosine = unit @ unit.T
        np.fill_diagonal(cosine, -np.inf)
        return np.argsort(-cosine, axis=1, kind="stable")[:, :k].astype(np.int32)

    def texts(self) -> list[str] | None:
        return self.item_texts

    def encoder(self) -> FakeEncoder:
        return self._encoder

    def untaught_predictions(self) -> dict[str, ArrayRows]:
        return {name: ArrayRows(np.asarray(proba)) for name, proba in self.untaught.items()}

    def predictions(self, teacher: str) -> ArrayRows:
        return ArrayRows(np.asarray(self.stored[teacher], dtype=np.float32))

    def rows_of(self, item_ids: Sequence[str]) -> Ints:
        """Items are called "0", "1" and so on."""
        own = {str(row): row for row in range(self.n_items)}
        return np.array([own.get(name, -1) for name in item_ids], dtype=np.int64)

    def votes(self) -> Votes:
        """Four functions that know the classes a, b and c by name; each item has two votes."""
        names = self.schema.names
        number = {name: names.index(name) for name in "abc"}
        classes = np.full((self.n_items, 4), NO_LABEL, dtype=np.int16)
        for row in range(self.n_items):
            true = "abc"[row % 3]
            wrong = "abc"[(row + row // 3) % 3]
            classes[row, row % 3] = number[true]
            classes[row, 3] = number[wrong]
        return Votes(("one", "two", "three", "four"), classes)
