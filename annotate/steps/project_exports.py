"""Exports that lie inside the project, under names; the review app knows no other place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotate.errors import ConfigError, ExportError
from annotate.export import EXPORTERS
from annotate.export.manifest import MANIFEST, read_manifest
from annotate.export.names import safe_name
from annotate.protocols import Progress, no_progress
from annotate.steps.export import ExportReport, Only, chosen_labels, export
from annotate.steps.labels import SOURCES
from annotate.steps.people import require_owner
from annotate.steps.snapshot import Snapshot
from annotate.steps.workspace import Workspace

MOST_BYTES_TO_DOWNLOAD = 20_000_000
_TABLES = ("labels.csv", "labels.jsonl", "labels.parquet")


@dataclass(frozen=True)
class StoredExport:
    """An export in the project's folder.

    Attributes
    ----------
    table : str or None
        The name of the one file that holds all labels, where there is one and it is small.
    """

    name: str
    folder: str
    format: str
    n_labels: int
    by_source: dict[str, int]
    by_split: dict[str, int]
    table: str | None


def export_formats() -> list[str]:
    """Return the formats an export may have."""
    return EXPORTERS.names()


def count_chosen(snapshot: Snapshot, min_confidence: float, only: Only | None) -> dict[str, int]:
    """Return how many labels an export of every split would hold, by source."""
    chosen = chosen_labels(snapshot.labels, min_confidence, only)
    counts = np.bincount(snapshot.labels.sources[chosen], minlength=len(SOURCES))
    return {name: int(n) for name, n in zip(SOURCES, counts, strict=True) if n}


def export_into_project(
    workspace: Workspace,
    owner: str,
    name: str,
    format_name: str,
    *,
    min_confidence: float = 0.0,
    only: Only | None = None,
    split: str | None = None,
    excel_safe: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> ExportReport:
    """Export into a folder of the project that is called ``name``; no other place can be named.

    Parameters
    ----------
    owner : str
        Who asks for it.
    name : str
        Made safe as a file name: letters and digits of any alphabet, dots, dashes, underscores.

    Raises
    ------
    NotAllowedError
        If ``owner`` does not own the project.
    ConfigError
        If nothing of the name can stand in a file name.
    """
    require_owner(workspace, owner, "export")
    folder = workspace.paths.exports / folder_name(name)
    return export(
        workspace, folder, format_name, min_confidence=min_confidence, only=only, split=split,
        excel_safe=excel_safe, overwrite=overwrite, progress=progress,
    )  # fmt: skip


def folder_name(name: str) -> str:
    """Return the folder that an export of this name has; ConfigError where none can be made."""
    safe = safe_name(name, "")
    if not safe:
        raise ConfigError(
            f"The name of an export needs letters or digits; got {name!r}. Give another."
        )
    return safe


def list_exports(workspace: Workspace) -> list[StoredExport]:
    """Return the exports that lie in the project, by name; what is none is left out.

    So is a folder whose name ``export_into_project`` would not give: no other is ever read.
    """
    root = workspace.paths.exports
    if not root.is_dir():
        return []
    return [
        found
        for folder in sorted(root.iterdir())
        if _is_name(folder.name) and (found := _describe(folder)) is not None
    ]


def read_card(workspace: Workspace, name: str) -> str:
    """Return the dataset card of an export as text."""
    return _file(workspace, name, "README.md").read_text(encoding="utf-8", errors="replace")


def read_export_table(workspace: Workspace, owner: str, stored: StoredExport) -> bytes:
    """Return the file that holds all labels of an export; its ``table`` must not be None.

    Raises
    ------
    NotAllowedError
        If ``owner`` does not own the project.
    """
    require_owner(workspace, owner, "download an export")
    if stored.table not in _TABLES:
        raise ValueError(f"The export must have a small table; {stored.name!r} has none.")
    return _file(workspace, stored.name, stored.table).read_bytes()


def _describe(folder: Path) -> StoredExport | None:
    if not (folder / MANIFEST).is_file():
        return None
    try:
        manifest = read_manifest(folder)
        counts = manifest["counts"]
        files = manifest["files"]
        table = next((n for n in _TABLES if n in files), None)
        if table and files[table]["bytes"] > MOST_BYTES_TO_DOWNLOAD:
            table = None
        return StoredExport(
            folder.name, str(folder), str(manifest["settings"]["format"]), int(counts["labels"]),
            dict(counts["by_source"]), dict(counts["by_split"]), table,
        )  # fmt: skip
    except (ExportError, KeyError, TypeError, ValueError):
        return None  # damaged: `annotate verify` says how


def _is_name(name: str) -> bool:
    return bool(name) and safe_name(name, "") == name


def _file(workspace: Workspace, name: str, file_name: str) -> Path:
    if not _is_name(name):
        raise ValueError(f"An export of the project must be named; got {name!r}.")
    path = workspace.paths.exports / name / file_name
    if not path.is_file():
        raise ExportError(f"An export must hold {file_name}; {name!r} has none. Export again.")
    return path
