"""Which masks there are, and which network drew them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotate.steps.import_masks import check_images, given_masks
from annotate.steps.standing_masks import standing_masks
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items
from annotate.store.masks import list_segmenters


@dataclass(frozen=True)
class MasksReport:
    """How many pictures have a mask of which origin; ``segmenters`` are oldest first."""

    n_given: int
    n_held_back: int
    n_drawn: int
    n_without: int
    segmenters: list[dict[str, Any]]


def list_masks(workspace: Workspace) -> MasksReport:
    """Return what is known of the project's masks; ConfigError if it does not hold images."""
    check_images(workspace)
    table = standing_masks(workspace)
    given = given_masks(table)
    standing = table["segmenter_no"].value_counts()
    with workspace.store.read() as connection:
        n_items = int(read_items(connection, ["dropped_at_utc"])["dropped_at_utc"].isna().sum())
        segmenters = [
            {
                "segmenter_no": s["segmenter_no"],
                "method": s["settings"]["method"],
                "side_px": s["settings"]["side_px"],
                "mean_iou": s["metrics"]["mean_iou"],
                "class_iou": s["metrics"]["class_iou"],
                "n_standing": int(standing.get(s["segmenter_no"], 0)),
                "created_at_utc": s["created_at_utc"],
            }
            for s in list_segmenters(connection)
        ]
    return MasksReport(
        n_given=len(given),
        n_held_back=int((given["role"] == "held_back").sum()),
        n_drawn=len(table) - len(given),
        n_without=n_items - len(table),
        segmenters=segmenters,
    )
