"""What live learning publishes: corrected predictions in the project's folder ``live/``.

Each publication is a folder of arrays; ``current.json`` names the newest one. Both get their names
by renaming, so a reader sees a whole publication or the one before. Nothing is synced: after a
power cut the answers are there, and the worker learns from them again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import StoreError
from annotate.protocols import Ints
from annotate.review.prediction_summary import PredictionSummary
from annotate.steps.predicting import CorpusProba
from annotate.store.files import TEMPORARY_SUFFIX, make_private_folder
from annotate.store.history import Record

CURRENT = "current.json"
LOG_PROBA = "log_proba.npy"
# One before the current: its folder was perhaps just being opened.
KEPT = 2
_LIVE = "live-"


@dataclass(frozen=True)
class LiveFacts:
    """Where a live prediction comes from; the same facts give the same prediction.

    Attributes
    ----------
    n_answers : int
        Items whose label people gave while reviewing and that may train.
    last_seq : int
        The newest decision that it knows of.
    n_items : int
    schema_version : int
    base_prediction_id : str or None
        The stored prediction that answers correct; None where there was none.
    weights_sha256 : str
        Of what was learnt.
    elapsed_s : float
        From reading the answers to publishing.
    """

    n_answers: int
    last_seq: int
    n_items: int
    schema_version: int
    base_prediction_id: str | None
    weights_sha256: str
    elapsed_s: float


class LivePrediction(CorpusProba):
    """A publication, memory-mapped; stays readable when newer ones replace it.

    Attributes
    ----------
    facts : LiveFacts
    summary : PredictionSummary
        As ``summarise_prediction`` gives it; made by the worker.
    """

    def __init__(self, folder: Path, facts: LiveFacts) -> None:
        super().__init__(_MappedRows(_load(folder / LOG_PROBA)))
        self.facts = facts
        self.summary = PredictionSummary(
            **{field.name: _load(_summary_file(folder, field.name)) for field in _summary_fields()}
        )

    @property
    def record(self) -> Record:
        """Return what a card needs to say whose guess it shows; for ``cards.Basis``."""
        base = self.facts.base_prediction_id or "none"
        return {
            "prediction_id": f"{_LIVE}{base}-{self.facts.last_seq}",
            "teacher": f"live student after {_answers(self.facts.n_answers)}",
            "round_no": None,
        }


def is_live(prediction_id: str) -> bool:
    """Return whether an id is that of a live prediction, which is not on record."""
    return prediction_id.startswith(_LIVE)


def create_log_proba(live: Path, shape: tuple[int, int]) -> NDArray[np.float16]:
    """Return the array of the next publication, to be filled before ``publish``.

    Raises
    ------
    StoreError
        If the disk is almost full.
    """
    folder = _next_folder(live)
    shutil.rmtree(folder, ignore_errors=True)
    make_private_folder(folder)
    size = 2 * shape[0] * shape[1]
    # Writing to a mapped file on a full disk would end the process without a word.
    if shutil.disk_usage(folder).free < 2 * size:
        raise StoreError(
            f"Live learning needs {2 * size / 2**20:,.0f} MiB of free disk at {live}."
            " Free some space; answers are stored meanwhile."
        )
    return np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        folder / LOG_PROBA, "w+", np.float16, shape
    )


def open_next(live: Path) -> CorpusProba:
    """Return what was filled in so far, for its summary."""
    return CorpusProba(_MappedRows(_load(_next_folder(live) / LOG_PROBA)))


def publish(live: Path, facts: LiveFacts, summary: PredictionSummary) -> None:
    """Make what was filled in the current publication and remove old ones."""
    folder = _next_folder(live)
    for field in _summary_fields():
        np.save(_summary_file(folder, field.name), getattr(summary, field.name), allow_pickle=False)
    numbers = sorted(_numbers(live))
    number = numbers[-1] + 1 if numbers else 1
    os.replace(folder, live / str(number))
    _write_current(live, {"number": number, **asdict(facts)})
    for old in numbers[: -KEPT + 1]:
        shutil.rmtree(live / str(old), ignore_errors=True)


def withdraw(live: Path) -> None:
    """Say that there is no live prediction: the stored one holds again."""
    (live / CURRENT).unlink(missing_ok=True)


def current_stamp(live: Path) -> tuple[int, int] | None:
    """Return what changes with every publication; None where there is none."""
    try:
        status = (live / CURRENT).stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def read_current(live: Path) -> LivePrediction | None:
    """Return the newest publication, or None."""
    for _ in range(3):
        try:
            entry: dict[str, Any] = json.loads((live / CURRENT).read_text(encoding="utf-8"))
            number = entry.pop("number")
            return LivePrediction(live / str(number), LiveFacts(**entry))
        except FileNotFoundError:
            continue  # withdrawn, or replaced twice since its name was read
    return None


class _MappedRows:
    """An array on disk as ``LogRows``."""

    def __init__(self, values: NDArray[Any]) -> None:
        self._values = values

    @property
    def shape(self) -> tuple[int, int]:
        return self._values.shape[0], self._values.shape[1]

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        return np.array(self._values[start:stop], dtype=np.float32)

    def take(self, rows: Ints) -> NDArray[np.float32]:
        return np.array(self._values[rows], dtype=np.float32)


def _load(path: Path) -> NDArray[Any]:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _write_current(live: Path, entry: dict[str, Any]) -> None:
    temporary = live / f"{CURRENT}{TEMPORARY_SUFFIX}"
    temporary.write_text(json.dumps(entry), encoding="utf-8")
    os.replace(temporary, live / CURRENT)


def _next_folder(live: Path) -> Path:
    return live / f"next{TEMPORARY_SUFFIX}"


def _numbers(live: Path) -> Iterator[int]:
    return (int(path.name) for path in live.iterdir() if path.name.isdigit())


def _summary_fields() -> Any:
    return fields(PredictionSummary)


def _summary_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"


def _answers(n_answers: int) -> str:
    return "1 answer" if n_answers == 1 else f"{n_answers:,} answers"
