"""Which masks there are, and which network drew them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from annotate.steps.import_masks import check_can_have_masks
from annotate.steps.standing_masks import given_masks, standing_masks
from annotate.steps.train_masks import masks_sha256
from annotate.steps.workspace import Workspace
from annotate.store.items import count_kept_items
from annotate.store.masks import list_segmenters


@dataclass(frozen=True)
class MasksReport:
    """How many pictures have a mask of which origin.

    Attributes
    ----------
    classes : dict of str to str
        Name of each pixel value.
    segmenters : list of dict
        Oldest first; ``is_current`` is False where masks or classes have changed since.
    """

    n_given: int
    n_held_back: int
    n_drawn: int
    n_without: int
    classes: dict[str, str]
    segmenters: list[dict[str, Any]]


def list_masks(workspace: Workspace) -> MasksReport:
    """Return what is known of the project's masks; ConfigError if it does not hold images."""
    check_can_have_masks(workspace)
    table = standing_masks(workspace)
    given = given_masks(table)
    standing = table["segmenter_no"].value_counts()
    with workspace.store.read() as connection:
        n_items = count_kept_items(connection)
        segmenters = [
            {
                "segmenter_no": s["segmenter_no"],
                "method": s["settings"]["method"],
                "side_px": s["settings"]["side_px"],
                "n_steps": s["settings"]["n_steps"],
                "seed": s["settings"]["seed"],
                "mean_iou": s["metrics"]["mean_iou"],
                "class_iou": s["metrics"]["class_iou"],
                "n_standing": int(standing.get(s["segmenter_no"], 0)),
                "is_current": is_current(workspace, s, given),
                "created_at_utc": s["created_at_utc"],
            }
            for s in list_segmenters(connection)
        ]
    return MasksReport(
        n_given=len(given),
        n_held_back=int((given["role"] == "held_back").sum()),
        n_drawn=len(table) - len(given),
        n_without=n_items - len(table),
        classes={str(c.class_no): c.name for c in workspace.schema.classes if not c.retired},
        segmenters=segmenters,
    )


def is_current(workspace: Workspace, segmenter: dict[str, Any], given: pd.DataFrame) -> bool:
    """Return whether a network was trained and measured on the masks and classes of now."""
    settings = segmenter["settings"]
    now = (workspace.schema.version, masks_sha256(given))
    return (settings["schema_version"], settings["masks_sha256"]) == now
