"""Conflicts: items to which two reviewers gave different classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotate.review.decision_rules import LABELLING
from annotate.steps.given_labels import read_given_labels
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items_at


def list_conflicts(workspace: Workspace) -> list[dict[str, Any]]:
    """Return item_id and answers (reviewer to class name) of every item in conflict."""
    human = read_given_labels(workspace).human
    item_nos = np.flatnonzero(human.conflict)
    with workspace.store.read() as connection:
        ids = read_items_at(connection, ["item_id"], item_nos.tolist())["item_id"]
    names = workspace.schema.names
    answers = human.standing[human.standing["kind"].isin(LABELLING)]
    by_item = {number: group for number, group in answers.groupby("item_no")}
    return [
        {
            "item_id": ids.loc[number],
            "answers": {
                reviewer: names[int(class_no)]
                for reviewer, class_no in zip(
                    by_item[number]["reviewer"], by_item[number]["class_no"], strict=True
                )
            },
        }
        for number in item_nos
    ]
