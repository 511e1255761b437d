"""Gold as it counts in the schema that is in force."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from annotate.protocols import NO_LABEL
from annotate.schema import Schema
from annotate.steps.label_table import counts_as
from annotate.store.gold import read_gold


def read_current_gold(connection: Connection, schema: Schema) -> pd.DataFrame:
    """Return gold as ``read_gold`` does: of a merged class as its heir, of a split one not at all.

    Roles stay what they were.
    """
    gold = read_gold(connection)
    gold["class_no"] = counts_as(schema)[gold["class_no"].to_numpy(dtype=np.int64)]
    return gold[gold["class_no"] != NO_LABEL].reset_index(drop=True)
