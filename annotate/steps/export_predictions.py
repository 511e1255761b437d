"""Export predictions: one teacher's probabilities of every item, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from annotate.errors import ConfigError, NotReadyError
from annotate.steps.predicting import (
    StoredClassProba,
    StoredProba,
    current_prediction,
    prediction_by,
)
from annotate.steps.workspace import Workspace
from annotate.store.files import whole_file
from annotate.store.items import dropped_mask, read_items

ITEMS_AT_ONCE = 65_536
ID = "id"


@dataclass(frozen=True)
class ExportPredictionsReport:
    """What a table of probabilities holds."""

    destination: str
    teacher: str
    prediction_id: str
    n_items: int
    classes: tuple[str, ...]


def export_predictions(
    workspace: Workspace, destination: Path, *, teacher: str | None = None
) -> ExportPredictionsReport:
    """Write id, and the probability of each class in force, of every item that is not dropped.

    An item without an answer has empty cells. Rows sum to 1 unless an item may have several
    classes. `annotate predictions import` takes the table.

    Parameters
    ----------
    destination : Path
        A new file, .csv or .parquet.
    teacher : str, optional
        Whose newest prediction, or the id of one; default is the one in force.

    Raises
    ------
    ConfigError
        If the file is there, or has another ending, or a class is called as the first column.
    NotReadyError
        If nobody has predicted.
    UnknownNameError
        If that teacher has not.
    """
    if destination.suffix not in (".csv", ".parquet") or destination.exists():
        raise ConfigError(
            f"The table must be a new file that ends in .csv or .parquet; got {destination}."
            " Name another."
        )
    record = current_prediction(workspace) if teacher is None else prediction_by(workspace, teacher)
    if record is None:
        raise NotReadyError("There must be a prediction; there is none. Run `annotate predict`.")
    if ID in (spec.name for spec in workspace.schema.active):
        raise ConfigError(
            f"A class must not be called {ID!r} in this table, whose first column is; one is."
            " Run `annotate schema rename`."
        )
    n_items = 0
    with whole_file(destination.absolute()) as file:
        writer = None
        for part_no, block in enumerate(_blocks(workspace, record["prediction_id"])):
            if destination.suffix == ".csv":
                block.to_csv(file, index=False, header=part_no == 0)
            else:
                columns = pa.schema(
                    [(ID, pa.string()), *((c, pa.float32()) for c in block.columns[1:])]
                )
                writer = writer or pq.ParquetWriter(file, columns)
                writer.write_table(pa.Table.from_pandas(block, columns, preserve_index=False))
            n_items += len(block)
        if writer is not None:
            writer.close()
    return ExportPredictionsReport(
        str(destination), record["teacher"], record["prediction_id"], n_items,
        tuple(spec.name for spec in workspace.schema.active),
    )  # fmt: skip


def _blocks(workspace: Workspace, prediction_id: str) -> Iterator[pd.DataFrame]:
    """Yield the table in parts, each of the items that are not dropped."""
    schema = workspace.schema
    stored = StoredClassProba if schema.task == "multi" else StoredProba
    proba = stored(workspace.store, prediction_id, schema)
    with workspace.store.read() as connection:
        dropped = dropped_mask(connection, proba.shape[0])
    for start in range(0, len(dropped), ITEMS_AT_ONCE):
        stop = min(start + ITEMS_AT_ONCE, len(dropped))
        with workspace.store.read() as connection:
            ids = read_items(connection, ["item_id"], start, stop)["item_id"]
        everything = pd.DataFrame(proba.read(start, stop), columns=schema.names)
        table = everything[[spec.name for spec in schema.active]]
        table.insert(0, ID, ids.to_numpy(dtype=object))
        yield table.loc[~dropped[start:stop]]
