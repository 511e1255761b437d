"""Folders of image files, one per split and class: what torchvision and Hugging Face load."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TextIO

from annotate.export.columns import dump_json, row_as_json
from annotate.export.names import FolderNames, file_name_of_item, safe_name
from annotate.export.picture_files import place, suffix_of
from annotate.protocols import ExportRow


@dataclass(frozen=True)
class ImageFolderExporter:
    """Write ``<split>/<class>/<file>``, with each file's lineage in ``<split>/metadata.jsonl``.

    ``classes.json`` maps each folder back to the exact class name. Files are hard links where the
    file system allows it, else copies; each is the file that was labelled, or the export stops.
    """

    def write(self, rows: Iterable[ExportRow], destination: Path) -> None:
        """Write ``rows`` into the folder ``destination``.

        Raises
        ------
        ExportError
            If an item is no file, is gone, or has changed since it was added.
        """
        folders = FolderNames()
        metadata_by_split: dict[str, TextIO] = {}
        with ExitStack() as stack:
            for row in rows:
                split = safe_name(row.split, "unsplit")
                if split not in metadata_by_split:
                    file = _open_metadata(destination / split)
                    metadata_by_split[split] = stack.enter_context(file)
                name = PurePosixPath(
                    folders.folder_of(row.class_no, row.label),
                    file_name_of_item(row.item_id, suffix_of(row)),
                )
                place(row, destination / split / name)
                metadata_by_split[split].write(_metadata_line(row, name))
        text = json.dumps(folders.as_map(), ensure_ascii=False, indent=2)
        (destination / "classes.json").write_text(text + "\n", encoding="utf-8")


def _open_metadata(folder: Path) -> TextIO:
    folder.mkdir()
    return open(folder / "metadata.jsonl", "w", encoding="utf-8", newline="\n")


def _metadata_line(row: ExportRow, name: PurePosixPath) -> str:
    lineage = row_as_json(row)
    # Where the file lay on this machine means nothing to the next; texts have no file.
    del lineage["path"], lineage["text"]
    # Hugging Face reads every line with one schema, which an open mapping would break.
    lineage["extra"] = dump_json(lineage["extra"]) if lineage["extra"] else None
    return dump_json({"file_name": str(name), **lineage}) + "\n"
