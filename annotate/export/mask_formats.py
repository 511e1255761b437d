"""Masks beside their pictures, as PNG files or in one COCO file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from annotate.export.columns import dump_json
from annotate.export.names import file_name_of_item
from annotate.export.picture_files import place, suffix_of
from annotate.protocols import NO_LABEL, Ints
from annotate.schema import Schema

LINEAGE = "masks.jsonl"
FIRST_CATEGORY = 1  # of COCO, where 0 often stands for no category


@dataclass(frozen=True)
class MaskRow:
    """One exported mask with its lineage.

    Attributes
    ----------
    mask : int array of shape (height, width)
        Class numbers, -1 where none is known.
    source : str
        ``gold`` or ``pseudo``.
    role : str, optional
        Of a given mask: ``train``, or ``held_back`` if it measured the networks.
    confidence : float, optional
        0 to 1: the mean over the pixels of what the network gave their class.
    segmenter_no, segmenter_sha256
        Which network drew a pseudo-mask, with which weights.
    path : str, optional
        The picture's file, as this machine opens it.
    """

    item_id: str
    split: str
    source: str
    role: str | None
    confidence: float | None
    segmenter_no: int | None
    segmenter_sha256: str | None
    sha256: str
    path: str | None
    png: bytes
    mask: NDArray[np.int16]

    def lineage(self) -> dict[str, Any]:
        """Return what is said of it beside picture and mask."""
        names = (
            "item_id", "split", "source", "role", "confidence", "segmenter_no", "segmenter_sha256",
        )  # fmt: skip
        return {**{name: getattr(self, name) for name in names}, "picture_sha256": self.sha256}


def write_png(rows: Iterable[MaskRow], folder: Path, schema: Schema) -> None:
    """Write ``<split>/images`` and ``<split>/masks``, and in ``masks.jsonl`` where each is from.

    A mask's pixels are class numbers, 255 where none is known; ``classes.json`` has the names.
    """
    names = {str(c.class_no): c.name for c in schema.classes}
    text = json.dumps({**names, "255": None}, ensure_ascii=False, indent=2)
    (folder / "classes.json").write_text(text + "\n", encoding="utf-8")
    with open(folder / LINEAGE, "w", encoding="utf-8", newline="\n") as lines:
        for row in rows:
            picture = _place_picture(row, folder)
            mask = PurePosixPath(row.split, "masks", picture.stem + ".png")
            (folder / mask).parent.mkdir(parents=True, exist_ok=True)
            (folder / mask).write_bytes(row.png)
            facts = {"image": str(picture), "mask": str(mask), **row.lineage()}
            lines.write(dump_json(facts) + "\n")


def write_coco(rows: Iterable[MaskRow], folder: Path, schema: Schema) -> None:
    """Write ``<split>/images``, and ``<split>.json`` as COCO has it for stuff.

    Each class of a picture is one annotation: all its pixels, as uncompressed run lengths. None is
    a crowd: loaders leave crowds out. A category's id is its class number and one. Lineage is a
    field of each image.
    """
    categories = [
        {"id": c.class_no + FIRST_CATEGORY, "name": c.name, "supercategory": ""}
        for c in schema.classes
    ]
    with ExitStack() as stack:
        splits: dict[str, _CocoFile] = {}
        for row in rows:
            if row.split not in splits:
                file = _CocoFile(folder / f"{row.split}.json", categories)
                splits[row.split] = stack.enter_context(file)
            splits[row.split].add(row, _place_picture(row, folder).name)


class _CocoFile:
    """A file of COCO that is written while masks pass: those of a large corpus fit in no memory."""

    def __init__(self, path: Path, categories: list[dict[str, Any]]) -> None:
        self._path, self._categories = path, categories
        self._n_images = self._n_annotations = 0

    def __enter__(self) -> Self:
        self._file = open(self._path, "w", encoding="utf-8", newline="\n")
        self._annotations = TemporaryFile("w+", encoding="utf-8", newline="\n")
        self._file.write(f'{{"categories": {json.dumps(self._categories, ensure_ascii=False)},')
        self._file.write('\n"images": [')
        return self

    def add(self, row: MaskRow, file_name: str) -> None:
        """Write a picture, and keep its regions for the end of the file."""
        height, width = row.mask.shape
        image = {
            "id": self._n_images,
            "file_name": file_name,
            "width": width,
            "height": height,
            "lineage": row.lineage(),
        }
        self._file.write((",\n" if self._n_images else "\n") + dump_json(image))
        for class_no in np.unique(row.mask[row.mask != NO_LABEL]).tolist():
            annotation = {
                "id": self._n_annotations + 1,
                "image_id": self._n_images,
                "category_id": class_no + FIRST_CATEGORY,
                **region(row.mask == class_no),
            }
            line = (",\n" if self._n_annotations else "\n") + dump_json(annotation)
            self._annotations.write(line)
            self._n_annotations += 1
        self._n_images += 1

    def __exit__(self, *_: object) -> None:
        self._file.write('],\n"annotations": [')
        self._annotations.seek(0)
        shutil.copyfileobj(self._annotations, self._file)
        self._file.write("]}\n")
        self._annotations.close()
        self._file.close()


MASK_FORMATS: dict[str, Callable[[Iterable[MaskRow], Path, Schema], None]] = {
    "png": write_png,
    "coco": write_coco,
}


def region(inside: Ints) -> dict[str, Any]:
    """Return segmentation, area and bounding box of the pixels that are True, as COCO has them."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return {
        "segmentation": {"counts": run_lengths(inside), "size": list(inside.shape)},
        "area": int(inside.sum()),
        "bbox": [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1],
        "iscrowd": 0,
    }


def run_lengths(inside: Ints) -> list[int]:
    """Return how many pixels in a row are out, in, out and so on, column by column."""
    flat = inside.flatten(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths: list[int] = np.diff([0, *changes, len(flat)]).tolist()
    return [0, *lengths] if flat[0] else lengths


def _place_picture(row: MaskRow, folder: Path) -> PurePosixPath:
    picture = PurePosixPath(row.split, "images", file_name_of_item(row.item_id, suffix_of(row)))
    (folder / picture).parent.mkdir(parents=True, exist_ok=True)
    place(row, folder / picture)
    return _turned_upright(folder, picture)


def _turned_upright(folder: Path, picture: PurePosixPath) -> PurePosixPath:
    """Return an exported picture; one that EXIF turns is written anew, as its mask lies."""
    with Image.open(folder / picture) as image:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
            return picture
        upright = ImageOps.exif_transpose(image)
        (folder / picture).unlink()  # perhaps a second name of the original
        turned = picture.with_suffix(".png")
        upright.save(folder / turned)
        return turned
