"""Export masks: those that stand, beside their pictures, each with its lineage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from annotate import __version__
from annotate.corpus.mask_file import mask_as_png
from annotate.corpus.splits import split_of
from annotate.errors import NotReadyError, UnknownNameError
from annotate.export.atomic import atomic_folder
from annotate.export.manifest import ExportCounts, write_manifest
from annotate.export.mask_card import MaskFacts, render_mask_card
from annotate.export.mask_formats import MASK_FORMATS, MaskRow
from annotate.protocols import NO_LABEL, Progress, no_progress
from annotate.steps.import_masks import check_can_have_masks
from annotate.steps.list_masks import is_current
from annotate.steps.standing_masks import given_masks, load_mask, standing_masks
from annotate.steps.workspace import Workspace
from annotate.store.items import count_kept_items
from annotate.store.masks import list_segmenters


@dataclass(frozen=True)
class ExportMasksReport:
    """What an export of masks holds and what it leaves out.

    Attributes
    ----------
    by_class : dict of str to int
        Masks in which a class occurs.
    n_below, n_without : int
        Masks of too low a confidence, and pictures without any.
    """

    destination: str
    format: str
    n_masks: int
    by_source: dict[str, int]
    by_class: dict[str, int]
    by_split: dict[str, int]
    n_below: int
    n_without: int


def export_masks(
    workspace: Workspace,
    destination: Path,
    format_name: str,
    *,
    min_confidence: float = 0.0,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> ExportMasksReport:
    """Write every standing mask into a folder with ``manifest.json`` and a card.

    Parameters
    ----------
    format_name : str
        ``png`` or ``coco``.
    min_confidence : float
        Pseudo-masks below it are left out, 0 to 1; masks that were given stay.

    Raises
    ------
    UnknownNameError
        If the format is neither.
    NotReadyError
        If nothing would be exported.
    ExportError
        If ``destination`` cannot be written, or a picture's file is gone or has changed.
    """
    check_can_have_masks(workspace)
    if format_name not in MASK_FORMATS:
        raise UnknownNameError("format of masks", format_name, list(MASK_FORMATS))
    table = standing_masks(workspace)
    kept = table["segmenter_no"].isna() | (table["confidence"] >= min_confidence)
    if not kept.any():
        raise NotReadyError(
            "An export needs masks; none is left. Run `annotate masks import`, or loosen"
            " --min-confidence."
        )
    with workspace.store.read() as connection:
        segmenters = {s["segmenter_no"]: s for s in list_segmenters(connection)}
        n_items = count_kept_items(connection)
    counts, by_split_and_source = ExportCounts(), Counter[tuple[str, str]]()
    settings = {"format": f"masks as {format_name}", "min_confidence": min_confidence}
    with atomic_folder(destination, overwrite=overwrite) as folder:
        rows = _counted(
            _rows(workspace, table[kept], segmenters, progress),
            workspace,
            counts,
            by_split_and_source,
        )
        MASK_FORMATS[format_name](rows, folder, workspace.schema)
        facts = MaskFacts(
            project_name=workspace.paths.root.name,
            format=format_name,
            schema=workspace.schema,
            counts=counts,
            by_split_and_source=by_split_and_source,
            segmenters=tuple(
                segmenters[number]
                | {"is_current": is_current(workspace, segmenters[number], given_masks(table))}
                for number in sorted(table[kept]["segmenter_no"].dropna().astype(int).unique())
            ),
            min_confidence=min_confidence,
        )
        (folder / "README.md").write_text(render_mask_card(facts), encoding="utf-8")
        write_manifest(
            folder,
            annotate_version=__version__,
            project_id=workspace.store.project_id(),
            schema=workspace.schema,
            counts=counts,
            settings=settings,
        )
    return ExportMasksReport(
        str(destination), format_name, counts.total, dict(counts.by_source),
        dict(counts.by_class), dict(counts.by_split), int((~kept).sum()), n_items - len(table),
    )  # fmt: skip


def _rows(
    workspace: Workspace,
    table: pd.DataFrame,
    segmenters: dict[int, dict[str, Any]],
    progress: Progress,
) -> Iterator[MaskRow]:
    for done, item in enumerate(table.to_dict("records"), 1):
        is_given = pd.isna(item["segmenter_no"])
        number = None if is_given else int(item["segmenter_no"])
        size = (int(item["width_px"]), int(item["height_px"]))
        mask = load_mask(workspace, item["png_sha256"], size)
        path = item["path"]
        group = item["sha256"] if pd.isna(item["group_key"]) else item["group_key"]
        yield MaskRow(
            item_id=item["item_id"],
            split=split_of(group),
            source="gold" if is_given else "pseudo",
            role=str(item["role"]) if is_given else None,
            confidence=None if is_given else float(item["confidence"]),
            segmenter_no=number,
            segmenter_sha256=None if number is None else segmenters[number]["model_sha256"],
            sha256=item["sha256"],
            path=str(workspace.paths.media(item["sha256"])) if pd.isna(path) else path,
            png=mask_as_png(mask),
            mask=mask,
        )
        progress(done, len(table), "export")


def _counted(
    rows: Iterator[MaskRow],
    workspace: Workspace,
    counts: ExportCounts,
    by_split_and_source: Counter[tuple[str, str]],
) -> Iterator[MaskRow]:
    """Give the rows again and count them while they pass."""
    for row in rows:
        counts.total += 1
        counts.by_source[row.source] += 1
        counts.by_split[row.split] += 1
        by_split_and_source[row.split, row.source] += 1
        numbers = np.unique(row.mask[row.mask != NO_LABEL])
        counts.by_class += Counter(workspace.schema.names[number] for number in numbers)
        yield row
