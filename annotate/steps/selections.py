"""Selections on disk: one Parquet row for each considered (item, class)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from annotate.protocols import Floats, Selection
from annotate.steps.workspace import Workspace
from annotate.store.files import write_bytes
from annotate.store.history import record_selection
from annotate.store.tables import canonical_json


def write_selection(
    workspace: Workspace,
    selection: Selection,
    proba: Floats,
    prediction_id: str,
    selectors: Sequence[str],
    context: dict[str, object],
) -> str:
    """Store a selection and return its id; the same decision on the same prediction has one id."""
    table = pa.table(
        {
            "item_no": pa.array(selection.rows.astype(np.int64)),
            "class_no": pa.array(selection.classes.astype(np.int32)),
            "accepted": pa.array(selection.accepted),
            "weight": pa.array(selection.weights.astype(np.float32)),
            "confidence": pa.array(proba[selection.rows, selection.classes].astype(np.float32)),
            "reason": pa.DictionaryArray.from_arrays(
                pa.array(selection.reasons.astype(np.int8)), pa.array(selection.reason_names)
            ),
        }
    )
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
    return pq.read_table(workspace.paths.selection(selection_id)).to_pandas()
