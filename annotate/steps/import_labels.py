"""Import labels: gold that comes after the corpus, or answers people gave elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from annotate.errors import SourceError
from annotate.review.measuring import purpose_and_role
from annotate.schema import refuse_several_classes
from annotate.steps.current_gold import read_current_gold
from annotate.steps.derive_labels import derive_labels
from annotate.steps.gold_roles import assign_gold_roles
from annotate.steps.label_table import class_numbers, read_label_table
from annotate.steps.workspace import Workspace
from annotate.store.decisions import Decision, append_decisions, last_seq
from annotate.store.gold import insert_gold, read_gold, replace_gold
from annotate.store.items import item_index
from annotate.store.queue_front import read_reasons
from annotate.store.tables import now_utc

ROWS_AT_ONCE = 2000
IMPORTER = "import"


@dataclass(frozen=True)
class ImportLabelsReport:
    """What became of a table of labels."""

    role: str
    n_rows: int
    n_imported: int
    n_already: int
    n_unknown_ids: int
    n_unknown_labels: int
    n_contradicting: int
    examples: dict[str, str]


def import_labels(
    workspace: Workspace, path: Path, *, role: Literal["gold", "human", "derived"] = "gold"
) -> ImportLabelsReport:
    """Import a CSV or Parquet file with the columns id and label.

    Rows with an unknown id or class are counted and left out, never guessed. Gold that contradicts
    earlier gold is left out too. Importing the same file again changes nothing. Derived labels are
    one act, which ``undo_group`` takes back; items that were decided, or have gold, get none.

    Raises
    ------
    SourceError
        If the file cannot be used, or none of its ids is an item here.
    ConfigError
        If an item may have several classes.
    """
    table = read_label_table(path)
    refuse_several_classes(workspace.schema, "`annotate labels import`")
    with workspace.running("labels import"):
        with workspace.store.read() as connection:
            table["item_no"] = item_index(connection).get_indexer(pd.Index(table["id"]))
        table["class_no"] = class_numbers(table["label"], workspace.schema)
        known = table["item_no"] >= 0
        if len(table) and not known.any():
            raise SourceError(
                f"The ids in {path.name} must be ids of this project's items; none of"
                f" {len(table):,} is (first: {table['id'].iloc[0]!r}). See `annotate items list`."
            )
        named = table["class_no"] >= 0
        usable = table[known & named]
        contradicting = usable.iloc[:0]
        if role == "gold":
            n_imported, n_already, contradicting = _import_gold(workspace, usable)
        elif role == "human":
            n_imported, n_already = _import_answers(workspace, usable, path)
        else:
            n_imported, n_already = _import_derived(workspace, usable, path)
    left_out = {
        "unknown id": table.loc[~known, "id"],
        "unknown label": table.loc[known & ~named, "label"],
        "contradicts gold": contradicting["id"],
    }
    return ImportLabelsReport(
        role=role,
        n_rows=len(table),
        n_imported=n_imported,
        n_already=n_already,
        n_unknown_ids=int((~known).sum()),
        n_unknown_labels=int((known & ~named).sum()),
        n_contradicting=len(contradicting),
        examples={why: str(values.iloc[0]) for why, values in left_out.items() if len(values)},
    )


def _import_gold(workspace: Workspace, table: pd.DataFrame) -> tuple[int, int, pd.DataFrame]:
    with workspace.store.read() as connection:
        gold = read_current_gold(connection, workspace.schema).set_index("item_no")["class_no"]
        of_split_classes = set(read_gold(connection)["item_no"]) - set(gold.index)
    earlier = table["item_no"].map(gold)
    is_new = earlier.isna()
    new = table[is_new]
    rows = [
        {
            "item_no": int(item_no),
            "class_no": int(class_no),
            "schema_version": workspace.schema.version,
            "role": "unassigned",
            "origin": "import",
            "recorded_at_utc": now_utc(),
        }
        for item_no, class_no in zip(new["item_no"], new["class_no"], strict=True)
    ]
    with workspace.store.write() as connection:
        insert_gold(connection, [row for row in rows if row["item_no"] not in of_split_classes])
        replace_gold(connection, [row for row in rows if row["item_no"] in of_split_classes])
    assign_gold_roles(workspace)
    contradicting = table[~is_new & (earlier != table["class_no"])]
    return len(new), int((~is_new).sum()) - len(contradicting), contradicting


def _import_answers(workspace: Workspace, table: pd.DataFrame, path: Path) -> tuple[int, int]:
    with workspace.store.read() as connection:
        highest = last_seq(connection)
        reasons = read_reasons(connection)
    # The id covers who, what and which label: the same row again is the same event.
    events = []
    for item_id, label, item_no, class_no in table[
        ["id", "label", "item_no", "class_no"]
    ].itertuples(index=False):
        purpose, role = purpose_and_role(reasons.get(int(item_no)))
        event = Decision(
            event_id="import:" + hashlib.sha256(f"{item_id}\0{label}".encode()).hexdigest(),
            item_no=int(item_no),
            reviewer=IMPORTER,
            kind="relabel",
            class_no=int(class_no),
            schema_version=workspace.schema.version,
            purpose=purpose,
            role=role,
            payload={"file": path.name},
        )
        events.append(event)
    seqs = np.array(
        [
            seq
            for start in range(0, len(events), ROWS_AT_ONCE)
            for seq in append_decisions(workspace.store, events[start : start + ROWS_AT_ONCE])
        ],
        dtype=np.int64,
    )
    n_new = int((seqs > highest).sum())
    return n_new, len(events) - n_new


def _import_derived(workspace: Workspace, table: pd.DataFrame, path: Path) -> tuple[int, int]:
    lines = "".join(f"{row.id}\0{row.label}\n" for row in table.itertuples())
    # The id covers every label of the act: the same file again is the same act.
    act_id = hashlib.sha256(lines.encode()).hexdigest()[:32]
    item_nos, class_nos = table["item_no"].to_numpy(), table["class_no"].to_numpy()
    with workspace.store.read() as connection:
        before = last_seq(connection)
    why = {"why": f"imported from {path.name}"}
    derive_labels(workspace, IMPORTER, item_nos, class_nos, why, act_id)
    with workspace.store.read() as connection:
        n_imported = last_seq(connection) - before
    return n_imported, len(table) - n_imported
