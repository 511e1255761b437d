"""Folders of image files, one per split and class: what torchvision and Hugging Face load."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TextIO

from PIL import Image, UnidentifiedImageError

from annotate.errors import ExportError
from annotate.export.columns import dump_json, row_as_json
from annotate.export.names import FolderNames, file_name_of_item, safe_name
from annotate.protocols import ExportRow

_SUFFIX_BY_FORMAT = {
    "BMP": ".bmp",
    "GIF": ".gif",
    "JPEG": ".jpg",
    "PNG": ".png",
    "TIFF": ".tiff",
    "WEBP": ".webp",
}
_KNOWN_SUFFIXES = {*_SUFFIX_BY_FORMAT.values(), ".jpeg", ".tif"}


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
                    file_name_of_item(row.item_id, _suffix_of(row)),
                )
                _place(row, destination / split / name)
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


def _suffix_of(row: ExportRow) -> str:
    """Return the suffix of the item's name, or the one its bytes call for: loaders go by suffix."""
    suffix = PurePosixPath(row.item_id).suffix.lower()
    return suffix if suffix in _KNOWN_SUFFIXES else _suffix_by_content(row)


def _suffix_by_content(row: ExportRow) -> str:
    try:
        with Image.open(_file_of(row), formats=tuple(_SUFFIX_BY_FORMAT)) as image:
            return _SUFFIX_BY_FORMAT[str(image.format)]
    except UnidentifiedImageError:
        raise ExportError(
            f"An imagefolder export needs images; item {row.item_id!r} is none of"
            f" {', '.join(_SUFFIX_BY_FORMAT)}. Export this corpus as parquet, csv or jsonl."
        ) from None


def _file_of(row: ExportRow) -> str:
    """Return the item's file with symbolic links resolved."""
    if row.path is None:
        raise ExportError(
            f"An imagefolder export needs items that are files; item {row.item_id!r} has none."
            " Export this corpus as parquet, csv or jsonl."
        )
    real = os.path.realpath(row.path)
    if not os.path.isfile(real):
        raise ExportError(
            f"The file of item {row.item_id!r} must be there to be exported; {row.path} is not a"
            " file now. Put it back, or drop the item with `annotate items drop`."
        )
    return real


def _place(row: ExportRow, target: Path) -> None:
    """Put the item's file at ``target`` and check that it is the one that was labelled."""
    source = _file_of(row)
    target.parent.mkdir(exist_ok=True)
    _link_or_copy(source, target, row.item_id)
    with open(target, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != row.sha256:
        raise ExportError(
            f"The file of item {row.item_id!r} must be the one that was labelled, with sha256"
            f" {row.sha256}; {row.path} now has {found}. Put the old file back, or add the new one"
            " under another name."
        )


def _link_or_copy(source: str, target: Path, item_id: str) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise ExportError(
            f"An item must have one label of a class in an export; {item_id!r} came twice."
        ) from None
    except OSError:
        # Another file system, or one without hard links, or a file that is not ours to link.
        shutil.copyfile(source, target)
