"""Give each gold label the role it keeps: to train, or to be held back and measure."""

from __future__ import annotations

import numpy as np

from annotate.corpus.splits import held_back_roles
from annotate.steps.current_gold import read_current_gold
from annotate.steps.workspace import Workspace
from annotate.store.gold import assign_roles


def assign_gold_roles(workspace: Workspace) -> None:
    """Assign roles to the gold labels that have none; roles once given never change."""
    with workspace.store.read() as connection:
        gold = read_current_gold(connection, workspace.schema)
    unassigned = (gold["role"] == "unassigned").to_numpy()
    if not unassigned.any():
        return
    keys = gold["group_key"].fillna(gold["sha256"]).tolist()
    already = {
        key: role for key, role in zip(keys, gold["role"], strict=True) if role != "unassigned"
    }
    roles = held_back_roles(gold["class_no"].tolist(), keys, already)
    numbers = gold["item_no"].to_numpy()
    new = {int(numbers[row]): roles[row] for row in np.flatnonzero(unassigned)}
    with workspace.store.write() as connection:
        assign_roles(connection, new)
