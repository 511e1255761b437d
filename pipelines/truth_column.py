"""Turn a column of a source table into a truth file, by the rows that became items."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from annotate.steps.label_table import read_table
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items


def write_truth(workspace: Workspace, source: Path, column: str) -> Path:
    """Write ``truth.csv`` beside the project: id and label of every item of a one-table corpus."""
    with workspace.store.read() as connection:
        items = read_items(connection, ["item_id", "input_no"])
    table = read_table(source)
    truth = pd.DataFrame(
        {"id": items["item_id"], "label": table[column].iloc[items["input_no"]].to_numpy()}
    )
    path = workspace.paths.root.with_name(f"{workspace.paths.root.name}-truth.csv")
    truth.to_csv(path, index=False)
    return path
