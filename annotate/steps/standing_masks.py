"""The mask that stands for each picture, in the classes that are in force."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.corpus.mask_file import read_mask
from annotate.protocols import NO_LABEL, Ints
from annotate.steps.label_table import counts_as
from annotate.steps.workspace import Workspace
from annotate.store.masks import read_standing_masks


def standing_masks(workspace: Workspace) -> pd.DataFrame:
    """Return the table of ``store.masks.read_standing_masks`` without dropped items."""
    with workspace.store.read() as connection:
        table = read_standing_masks(connection)
    return table[table["dropped_at_utc"].isna()].reset_index(drop=True)


def given_masks(table: pd.DataFrame) -> pd.DataFrame:
    """Return those of the standing masks that came with the corpus."""
    return table[table["segmenter_no"].isna()]


def count_masks(workspace: Workspace) -> dict[str, int]:
    """Return how many pictures have a ``given`` mask, and how many one that a network has drawn."""
    table = standing_masks(workspace)
    n_given = len(given_masks(table))
    return {"given": n_given, "drawn": len(table) - n_given}


def load_mask(workspace: Workspace, png_sha256: str, size: tuple[int, int]) -> NDArray[np.int16]:
    """Return (height, width) class numbers, -1 where none is known.

    A merged class counts as its heir; a pixel of a split one is no longer known.

    Parameters
    ----------
    size : tuple of two int
        Width and height.
    """
    content = workspace.paths.media(png_sha256).read_bytes()
    mask = read_mask(content, size, workspace.schema.n_classes)
    return in_force(mask, counts_as(workspace.schema))


def in_force(mask: Ints, heirs: Ints) -> NDArray[np.int16]:
    """Return a mask in which every class is what it counts as now."""
    now = np.where(mask == NO_LABEL, NO_LABEL, heirs[mask])
    return now.astype(np.int16)
