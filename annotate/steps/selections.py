"""Selections on disk: one Parquet row for each considered (item, class).

Where a chain made the selection, columns such as ``accepted_2``, ``weight_2`` and ``reason_2`` hold
what its second selector says by itself; they are empty where that selector was not asked.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from annotate.protocols import Bools, Floats, Ints, Selection
from annotate.selection.votes import Vote
from annotate.steps.workspace import Workspace
from annotate.store.files import write_bytes
from annotate.store.history import find_selection, record_selection
from annotate.store.tables import canonical_json

COLUMNS = ["item_no", "class_no", "accepted", "weight", "confidence", "reason"]


def write_selection(
    workspace: Workspace,
    selection: Selection,
    proba: Floats,
    prediction_id: str,
    selectors: Sequence[str],
    context: dict[str, object],
    votes: Sequence[Vote] = (),
) -> str:
    """Store a selection and return its id; the same decision on the same prediction has one id.

    Parameters
    ----------
    votes : sequence of Vote
        One for each of ``selectors``. A single one is the selection itself, and not written again.
    """
    columns = {
        "item_no": pa.array(selection.rows.astype(np.int64)),
        "class_no": pa.array(selection.classes.astype(np.int32)),
        "accepted": pa.array(selection.accepted),
        "weight": pa.array(selection.weights.astype(np.float32)),
        "confidence": pa.array(proba[selection.rows, selection.classes].astype(np.float32)),
        "reason": _reason_column(selection.reasons, selection.reason_names),
    }
    for number, vote in enumerate(votes if len(votes) > 1 else (), 1):
        columns |= {
            f"accepted_{number}": pa.array(vote.accepted, mask=~vote.judged),
            f"weight_{number}": pa.array(vote.weights.astype(np.float32), mask=~vote.judged),
            f"reason_{number}": _reason_column(vote.reasons, vote.reason_names, ~vote.judged),
        }
    table = pa.table(columns)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    content = buffer.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    key = canonical_json([prediction_id, list(selectors), context, sha256])
    selection_id = hashlib.sha256(key.encode()).hexdigest()[:16]
    write_bytes(workspace.paths.selection(selection_id), content)
    with workspace.store.write() as connection:
        record_selection(
            connection,
            {
                "selection_id": selection_id,
                "prediction_id": prediction_id,
                "selectors": list(selectors),
                "n_accepted": int(selection.accepted.sum()),
                "sha256": sha256,
            },
        )
    return selection_id


def read_selection(workspace: Workspace, selection_id: str) -> pd.DataFrame:
    """Return a stored selection: item_no, class_no, accepted, weight, confidence, reason."""
    return pq.read_table(workspace.paths.selection(selection_id), columns=COLUMNS).to_pandas()


def read_votes(workspace: Workspace, selection_id: str, item_no: int) -> list[dict[str, Any]]:
    """Return what each selector said of an item: selector, class_no, accepted, weight, reason.

    A selection that was made by one selector, or before votes were kept, tells its own verdict.
    """
    with workspace.store.read() as connection:
        record = find_selection(connection, selection_id)
    assert record is not None
    names = record["selectors"]
    rows = pq.read_table(
        workspace.paths.selection(selection_id), filters=[("item_no", "==", item_no)]
    ).to_pylist()
    if not rows or "accepted_1" not in rows[0]:
        return [_verdict(row, " > ".join(names), "") for row in rows]
    return [
        _verdict(row, name, f"_{number}")
        for row in rows
        for number, name in enumerate(names, 1)
        if row[f"accepted_{number}"] is not None
    ]


def _verdict(row: dict[str, Any], selector: str, ending: str) -> dict[str, Any]:
    kept = {name: row[name + ending] for name in ("accepted", "weight", "reason")}
    return {"selector": selector, "class_no": row["class_no"], **kept}


def _reason_column(
    reasons: Ints, names: tuple[str, ...], empty: Bools | None = None
) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(reasons.astype(np.int8), mask=empty), pa.array(names)
    )
