"""Read a table of ids and labels: gold to import, or the truth to measure against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from annotate.errors import SourceError
from annotate.protocols import NO_LABEL
from annotate.schema import Schema


def read_table(path: Path) -> pd.DataFrame:
    """Return a CSV or Parquet file; CSV cells stay strings, so that "01" and "nan" keep their form.

    Raises
    ------
    SourceError
        If the file is missing, of another kind or not readable as what its name says.
    """
    if not path.is_file():
        raise SourceError(f"The table must be a file; there is none at {path}. Check the path.")
    try:
        if path.suffix.lower() == ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if path.suffix.lower() in (".parquet", ".pq"):
            return pd.read_parquet(path)
    except (ValueError, OSError, pa.ArrowException, pd.errors.ParserError) as error:
        raise SourceError(
            f"The table must be readable as {path.suffix[1:]}; {path} is not ({error})."
            " Write the file again."
        ) from error
    raise SourceError(f"The table must be .csv or .parquet; got {path.name}. Convert it.")


def read_label_table(path: Path) -> pd.DataFrame:
    """Return columns id and label, both strings, each id once.

    Raises
    ------
    SourceError
        If a column is missing, or an id stands with two different labels.
    """
    table = read_table(path)
    missing = [name for name in ("id", "label") if name not in table.columns]
    if missing:
        raise SourceError(
            f"{path} must have the columns id and label; {' and '.join(missing)} missing among"
            f" {', '.join(map(str, table.columns[:10]))}. Rename the columns."
        )
    pairs = table[["id", "label"]].astype(str).drop_duplicates()
    twice = pairs.loc[pairs["id"].duplicated(), "id"]
    if len(twice):
        raise SourceError(
            f"Each id must have one label in {path}; {twice.iloc[0]!r} has several"
            f" ({twice.nunique():,} such ids). Keep one row for each."
        )
    return pairs.reset_index(drop=True)


def class_numbers(labels: pd.Series, schema: Schema) -> NDArray[np.int32]:
    """Return the class number of each label, -1 where the schema has no such class.

    The name of a merged class stands for what it became; that of a split one is unknown.
    """
    number_by_name = dict(zip(schema.names, counts_as(schema).tolist(), strict=True))
    return np.asarray(labels.map(number_by_name).fillna(NO_LABEL), dtype=np.int32)


def counts_as(schema: Schema) -> NDArray[np.int32]:
    """Return (n_classes,) the class that a label of each class counts as, -1 if it was split."""
    heirs = schema.heirs()
    return np.array([own[0] if len(own) == 1 else NO_LABEL for own in heirs], dtype=np.int32)
