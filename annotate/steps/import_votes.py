"""Import the votes that came with a corpus: a table with a column for each source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.errors import SourceError
from annotate.protocols import NO_LABEL
from annotate.schema import Schema
from annotate.steps.label_table import class_numbers, read_table
from annotate.steps.stored_votes import write_vote_set
from annotate.steps.workspace import Workspace
from annotate.store.files import file_sha256
from annotate.store.items import item_index

ABSTAINS = ("", "-1", "None", "nan", "<NA>")


@dataclass(frozen=True)
class ImportVotesReport:
    """What became of a table of votes."""

    set_name: str
    set_id: str
    n_functions: int
    n_rows: int
    n_votes: int
    n_unknown_ids: int
    n_unknown_classes: int
    first_unknown_class: str | None


def import_votes(
    workspace: Workspace,
    path: Path,
    columns: Sequence[str],
    *,
    id_column: str = "id",
    name: str | None = None,
) -> ImportVotesReport:
    """Import votes, aligned by id; items that the table lacks have none.

    Parameters
    ----------
    path : Path
        CSV or Parquet.
    columns : sequence of str
        One for each source of votes; a Parquet column of lists stands for one a place in the list.
        A cell is a class's name, or the number of its place among the classes where no class is
        called so; empty or -1 is an abstention. What is no class is counted and left out.
    name : str, optional
        The set of votes is called so; default the file's name without its ending.

    Raises
    ------
    SourceError
        If a column is missing, an id stands twice, lists differ in length, or no id is known.
    """
    table = read_table(path)
    _check_columns(path, table, [id_column, *columns])
    ids = table[id_column].astype(str)
    twice = ids[ids.duplicated()]
    if len(twice):
        raise SourceError(
            f"Each id must stand once in {path.name}; {twice.iloc[0]!r} stands twice. Keep one row."
        )
    cells = _one_column_a_source(path, table, columns)
    with workspace.running("votes import"):
        with workspace.store.read() as connection:
            positions = item_index(connection).get_indexer(pd.Index(ids))
        known = positions >= 0
        if not known.any():
            raise SourceError(
                f"The ids in {path.name} must be ids of this project's items; none of"
                f" {len(ids):,} is. See `annotate items list`."
            )
        given, unknown = _classes_of(cells[known], workspace.schema)
        classes = np.full((workspace.n_items(), len(cells.columns)), NO_LABEL, dtype=np.int16)
        classes[positions[known]] = given
        details = {"file": path.name, "file_sha256": file_sha256(path)}
        stored = write_vote_set(
            workspace, name or path.stem, "table", list(cells.columns), classes, details
        )
    return ImportVotesReport(
        stored.name, stored.array.array_id, len(cells.columns), len(table),
        int((classes >= 0).sum()), int((~known).sum()), len(unknown),
        unknown[0] if unknown else None,
    )  # fmt: skip


def _check_columns(path: Path, table: pd.DataFrame, needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in table.columns]
    if missing or len(needed) < 2:
        raise SourceError(
            f"{path.name} must have the columns named, one or more of votes; missing:"
            f" {', '.join(map(repr, missing)) or 'a column of votes'}. It has"
            f" {', '.join(map(str, table.columns[:10]))}."
        )


def _one_column_a_source(path: Path, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    out: dict[str, pd.Series] = {}
    for name in columns:
        values = table[name]
        if not len(values) or not isinstance(values.iloc[0], list | tuple | np.ndarray):
            out[name] = values
            continue
        try:
            stacked = np.stack([np.asarray(cell) for cell in values])
        except (ValueError, TypeError):
            raise SourceError(
                f"Lists of votes must all be of one length; those in column {name!r} of {path.name}"
                " are not. Fill them with -1."
            ) from None
        if stacked.ndim != 2:
            raise SourceError(f"{path.name}: a cell of {name!r} must be a flat list of votes.")
        for place in range(stacked.shape[1]):
            out[f"{name}_{place}"] = pd.Series(stacked[:, place], index=table.index)
    return pd.DataFrame(out)


def _classes_of(cells: pd.DataFrame, schema: Schema) -> tuple[NDArray[np.int16], list[str]]:
    """Return class numbers, -1 for abstentions, and the cells that are neither."""
    flat = cells.astype(object).to_numpy().ravel()
    codes, distinct = pd.factorize(pd.Series(flat, dtype=object), use_na_sentinel=False)
    words = pd.Series([_word(value) for value in distinct])
    numbers = class_numbers(words, schema)
    by_place = {str(place): spec.class_no for place, spec in enumerate(schema.active)}
    unnamed = numbers < 0
    numbers[unnamed] = words[unnamed].map(by_place).fillna(NO_LABEL).astype(np.int32)
    unknown = (numbers < 0) & ~words.isin(ABSTAINS).to_numpy()
    given = numbers[codes].reshape(cells.shape).astype(np.int16)
    return given, [str(words[code]) for code in codes[unknown[codes]]]


def _word(value: object) -> str:
    """Return a cell as text; a table with gaps has whole numbers as 3.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
