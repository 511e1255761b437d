"""``manifest.json``: what an export holds, and the checksums that show it is still that."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annotate.errors import ExportError
from annotate.protocols import ExportRow
from annotate.schema import Schema

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


@dataclass
class ExportCounts:
    """How many labels went out, counted while they pass."""

    total: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)
    by_split: Counter[str] = field(default_factory=Counter)

    def watch(self, rows: Iterable[ExportRow]) -> Iterator[ExportRow]:
        """Yield ``rows`` unchanged and count them."""
        for row in rows:
            self.total += 1
            self.by_source[row.source] += 1
            self.by_class[row.label] += 1
            self.by_split[row.split] += 1
            yield row


def write_manifest(
    folder: Path,
    *,
    annotate_version: str,
    project_id: str,
    schema: Schema,
    counts: ExportCounts,
    settings: Mapping[str, Any],
) -> None:
    """Write ``manifest.json`` over everything that lies in ``folder``; call it last.

    It holds no time, so that the same labels give the same bytes.
    """
    manifest = {
        "format_version": FORMAT_VERSION,
        "annotate_version": annotate_version,
        "project_id": project_id,
        "schema": {
            "version": schema.version,
            "task": schema.task,
            "classes": [
                {"class_no": c.class_no, "name": c.name, "retired": c.retired}
                for c in schema.classes
            ],
        },
        "counts": {
            "labels": counts.total,
            "by_source": dict(sorted(counts.by_source.items())),
            "by_class": {c.name: counts.by_class[c.name] for c in schema.classes},
            "by_split": dict(sorted(counts.by_split.items())),
        },
        "settings": dict(settings),
        "files": {name: _describe(folder / name) for name in _files_under(folder)},
    }
    with open(folder / MANIFEST, "w", encoding="utf-8", newline="\n") as file:
        json.dump(manifest, file, ensure_ascii=False, allow_nan=False, indent=2)
        file.write("\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the export in ``folder``.

    Raises
    ------
    ExportError
        If there is none, or it is not one this version reads.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExportError(
            f"An export must hold {MANIFEST}; {folder} has none. Name the folder that"
            " `annotate export` wrote."
        ) from None
    except ValueError as error:
        raise ExportError(f"{path} must be JSON; it is damaged ({error}). Export again.") from None
    found = manifest.get("format_version") if isinstance(manifest, dict) else None
    if found != FORMAT_VERSION or not isinstance(manifest.get("files"), dict):
        raise ExportError(
            f"{path} must be a manifest of format version {FORMAT_VERSION}; got {found!r}."
            " Export again, or use the version of annotate that wrote it."
        )
    return manifest


def list_foreign_files(folder: Path) -> list[str]:
    """Return the files in an export's folder that the export did not write, sorted."""
    recorded = read_manifest(folder)["files"]
    return [name for name in _files_under(folder) if name not in recorded]


def find_damage(folder: Path) -> list[str]:
    """Return what differs from the manifest, one sentence a file; empty when all is as written."""
    recorded = read_manifest(folder)["files"]
    present = set(_files_under(folder))
    damage = [f"{name!r} is missing." for name in sorted(set(recorded) - present)]
    damage += [f"{name!r} is not of this export." for name in sorted(present - set(recorded))]
    for name in sorted(present & set(recorded)):
        if _describe(folder / name) != recorded[name]:
            damage.append(f"{name!r} has changed since the export.")
    return damage


def _files_under(folder: Path) -> list[str]:
    """Return the paths of all files but the manifest, relative to ``folder``, sorted."""
    names = (
        (Path(parent) / name).relative_to(folder).as_posix()
        for parent, _, files in os.walk(folder)
        for name in files
    )
    return sorted(name for name in names if name != MANIFEST)


def _describe(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}
