"""What every source of inputs offers, whatever it is read from."""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotate.corpus.records import Record, Rejected, SourceOptions
from annotate.protocols import Ints


@dataclass
class Source(ABC):
    """Inputs in a fixed order.

    Attributes
    ----------
    path : Path
        The folder or file, absolute.
    options : SourceOptions
    kind : str
        ``images``, ``text table``, ``image table``, ``features``.
    n_inputs : int
        Inputs that ``read`` gives, rejected ones included.
    columns : mapping of role to column
        What each of ``id``, ``text``, ``image``, ``label``, ``group`` is read from.
    detected : tuple of str
        Roles in ``columns`` that were found by name rather than asked for.
    hints : tuple of str
        Sentences to show the user, such as a column that looks like labels but is not read.
    passed_over : mapping of str to int
        Files that are no inputs by their name, counted by suffix (``.xml``, ``hidden``).
    dim : int, optional
        Width of the ready-made features; None where there are none.
    """

    path: Path
    options: SourceOptions
    kind: str = ""
    n_inputs: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    detected: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    dim: int | None = None

    @abstractmethod
    def read(self, start: int = 0) -> Iterator[Record | Rejected]:
        """Yield inputs in order from number ``start``, without decoding those before it.

        Raises
        ------
        SourceError
            If the source changed under the reader so that it cannot be read on.
        """

    @abstractmethod
    def _files(self) -> Iterable[Path]:
        """Return every file that ``read`` would look at."""

    def features(self, input_nos: Ints) -> NDArray[np.float32]:
        """Return (len(input_nos), dim) ready-made features of accepted inputs, in that order."""
        raise NotImplementedError(f"A source of kind {self.kind!r} has no ready-made features.")

    def signature(self) -> str:
        """Return a digest of what would be read: path, options, and each file's size and time."""
        told = {name: str(value) for name, value in asdict(self.options).items()}
        told.pop("workers")  # how fast it is read is not what is read
        digest = hashlib.sha256(json.dumps([str(self.path), told], sort_keys=True).encode())
        for file in self._files():
            digest.update(os.fsencode(file) + b"\0")
            try:
                status = os.lstat(file)
            except OSError as error:
                digest.update(f"{error.errno}\n".encode())
                continue
            digest.update(f"{status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()
