"""Import the probabilities of any model; from then on it is a teacher like the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.checks import check_proba
from annotate.errors import SourceError
from annotate.protocols import Floats, Progress, no_progress
from annotate.steps.label_table import read_table
from annotate.steps.predict import IMPORTED
from annotate.steps.predicting import write_prediction
from annotate.steps.workspace import Workspace
from annotate.store.files import file_sha256
from annotate.store.items import item_index


@dataclass(frozen=True)
class ImportPredictionsReport:
    """What became of a file of probabilities."""

    teacher: str
    prediction_id: str
    n_rows: int
    n_items: int
    n_answered: int
    n_unknown_ids: int
    ignored_columns: tuple[str, ...]


def import_predictions(
    workspace: Workspace,
    path: Path,
    *,
    ids: Path | None = None,
    name: str | None = None,
    progress: Progress = no_progress,
) -> ImportPredictionsReport:
    """Import probabilities, aligned by id; items that the file lacks get no answer.

    Parameters
    ----------
    path : Path
        Parquet or CSV with the column id and one column a class, named as the class; or a ``.npy``
        matrix (n_rows, n_classes) whose columns follow the schema.
    ids : Path, optional
        For ``.npy``: CSV or Parquet with the column id, row by row as in the matrix.
    name : str, optional
        The teacher becomes ``imported:NAME``; default is the file's name without its ending.

    Raises
    ------
    SourceError
        If rows do not sum to 1 (where an item may have several classes: if a probability is not 0
        to 1), an id stands twice, a class has no column, or no id is known.
    """
    with workspace.running("predictions import"):
        row_ids, proba, ignored = (
            _read_matrix(path, ids, workspace)
            if path.suffix == ".npy"
            else _read_columns(path, workspace)
        )
        _check(path, row_ids, proba, several=workspace.schema.task == "multi")
        with workspace.store.read() as connection:
            positions = item_index(connection).get_indexer(pd.Index(row_ids))
        known = positions >= 0
        if not known.any():
            raise SourceError(
                f"The ids in {path.name} must be ids of this project's items; none of"
                f" {len(row_ids):,} is (first: {row_ids.iloc[0]!r}). See `annotate items list`."
            )
        n_items = workspace.n_items()
        row_of_item = np.full(n_items, -1)
        row_of_item[positions[known]] = np.flatnonzero(known)

        def proba_of(start: int, stop: int) -> Floats:
            rows = row_of_item[start:stop]
            block = np.full((stop - start, proba.shape[1]), np.nan, dtype=np.float32)
            block[rows >= 0] = proba[rows[rows >= 0]]
            return block

        teacher = f"{IMPORTED}:{name or path.stem}"
        record = {
            "teacher": teacher,
            "weights_sha256": file_sha256(path),
            "encoder_id": None,
            "schema_version": workspace.schema.version,
            "n_items": n_items,
            "settings": {"file": path.name},
            "round_no": None,
        }
        prediction_id = write_prediction(workspace, record, proba_of, progress=progress)
    in_force = workspace.schema.active[0].class_no
    answered = (row_of_item >= 0) & ~np.isnan(proba[row_of_item, in_force])
    return ImportPredictionsReport(
        teacher, prediction_id, len(row_ids), n_items, int(answered.sum()),
        int((~known).sum()), tuple(ignored),
    )  # fmt: skip


def _read_columns(
    path: Path, workspace: Workspace
) -> tuple[pd.Series, NDArray[np.float32], list[str]]:
    table = read_table(path)
    names = workspace.schema.names
    needed = ("id", *(spec.name for spec in workspace.schema.active))
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise SourceError(
            f"{path.name} must have the column id and one for each class in force; missing:"
            f" {', '.join(map(repr, missing[:5]))}. Name the columns as the classes."
        )
    try:
        # A model made after a class was retired need not know it.
        columns = table.reindex(columns=list(names), fill_value=0)
        # An empty cell is no answer, as where `annotate predictions export` wrote the table.
        proba = columns.replace("", np.nan).to_numpy(dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise SourceError(f"Probabilities must be numbers; {path.name}: {error}.") from None
    ignored = [str(c) for c in table.columns if c != "id" and c not in names]
    return table["id"].astype(str), proba, ignored


def _read_matrix(
    path: Path, ids: Path | None, workspace: Workspace
) -> tuple[pd.Series, NDArray[np.float32], list[str]]:
    if ids is None:
        raise SourceError(
            f"{path.name} needs the ids of its rows; give --ids FILE (CSV or Parquet)."
        )
    table = read_table(ids)
    if "id" not in table.columns:
        raise SourceError(f"{ids.name} must have a column id; it has {', '.join(table.columns)}.")
    try:
        proba = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SourceError(f"{path} must be a .npy matrix of numbers; {error}.") from None
    expected = (len(table), workspace.schema.n_classes)
    if proba.shape != expected or proba.dtype.kind != "f":
        raise SourceError(
            f"{path.name} must be a float matrix of shape {expected} (ids, classes);"
            f" got {proba.dtype} {proba.shape}."
        )
    return table["id"].astype(str), proba, []


def _check(path: Path, row_ids: pd.Series, proba: NDArray[np.float32], *, several: bool) -> None:
    twice = row_ids[row_ids.duplicated()]
    if len(twice):
        raise SourceError(
            f"Each id must stand once in {path.name}; {twice.iloc[0]!r} stands twice"
            f" ({twice.nunique():,} such ids). Keep one row for each."
        )
    if np.isinf(proba).any():
        row = int(np.flatnonzero(np.isinf(proba).any(axis=1))[0])
        raise SourceError(f"{path.name}: probabilities must be finite; row {row} is not.")
    if several:
        off = ((proba < 0) | (proba > 1)).any(axis=1)
        if off.any():
            row = int(np.flatnonzero(off)[0])
            raise SourceError(
                f"{path.name}: probabilities must be 0 to 1; row {row} is not ({int(off.sum()):,}"
                " such rows). Pass logits through a sigmoid first."
            )
        return
    try:
        check_proba(proba)
    except ValueError as error:
        raise SourceError(f"{path.name}: {error}") from None
