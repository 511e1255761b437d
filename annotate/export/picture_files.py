"""The files of exported pictures: each is the one that was labelled, linked or copied."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import Protocol

from PIL import Image, UnidentifiedImageError

from annotate.errors import ExportError

_SUFFIX_BY_FORMAT = {
    "BMP": ".bmp",
    "GIF": ".gif",
    "JPEG": ".jpg",
    "PNG": ".png",
    "TIFF": ".tiff",
    "WEBP": ".webp",
}
_KNOWN_SUFFIXES = {*_SUFFIX_BY_FORMAT.values(), ".jpeg", ".tif"}


class PictureRow(Protocol):
    """An exported item that is a picture."""

    @property
    def item_id(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def path(self) -> str | None: ...


def suffix_of(row: PictureRow) -> str:
    """Return the suffix of the item's name, or the one its bytes call for: loaders go by suffix."""
    suffix = PurePosixPath(row.item_id).suffix.lower()
    return suffix if suffix in _KNOWN_SUFFIXES else _suffix_by_content(row)


def _suffix_by_content(row: PictureRow) -> str:
    try:
        with Image.open(_file_of(row), formats=tuple(_SUFFIX_BY_FORMAT)) as image:
            return _SUFFIX_BY_FORMAT[str(image.format)]
    except UnidentifiedImageError:
        raise ExportError(
            f"An export of pictures needs images; item {row.item_id!r} is none of"
            f" {', '.join(_SUFFIX_BY_FORMAT)}. Export this corpus as parquet, csv or jsonl."
        ) from None


def _file_of(row: PictureRow) -> str:
    """Return the item's file with symbolic links resolved."""
    if row.path is None:
        raise ExportError(
            f"An export of pictures needs items that are files; item {row.item_id!r} has none."
            " Export this corpus as parquet, csv or jsonl."
        )
    real = os.path.realpath(row.path)
    if not os.path.isfile(real):
        raise ExportError(
            f"The file of item {row.item_id!r} must be there to be exported; {row.path} is not a"
            " file now. Put it back, or drop the item with `annotate items drop`."
        )
    return real


def place(row: PictureRow, target: Path) -> None:
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
