"""Import masks: the class of every pixel, drawn elsewhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.corpus.mask_file import UNKNOWN, UnusableMaskError, mask_as_png, read_mask
from annotate.corpus.regular_file import RejectedInputError, read_regular
from annotate.corpus.splits import held_back_roles
from annotate.errors import ConfigError, SourceError
from annotate.protocols import NO_LABEL, Progress, no_progress
from annotate.steps.standing_masks import given_masks, standing_masks
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items
from annotate.store.masks import assign_mask_roles, insert_masks
from annotate.store.media import keep_media

FILES_AT_ONCE = 200
ONE_KIND = "mask"
SUFFIX = ".png"
UNUSABLE = (UnusableMaskError, RejectedInputError)  # the latter of files that cannot be read
FIRST_LOOK = 20  # masks that are looked at to tell whether all are black and white


@dataclass(frozen=True)
class ImportMasksReport:
    """What became of a folder of masks.

    Attributes
    ----------
    n_given, n_held_back : int
        Of all that are here now: pictures with a given mask, and those of them that measure.
    by_class : dict of str to int
        Usable files in which a class occurs, by ``number name``.
    refused : dict of str to str
        Why a file was left out, by its path in the folder.
    """

    n_files: int
    n_imported: int
    n_already: int
    n_given: int
    n_held_back: int
    by_class: dict[str, int]
    refused: dict[str, str]


def import_masks(
    workspace: Workspace, folder: Path, *, progress: Progress = no_progress
) -> ImportMasksReport:
    """Import a folder of PNG files, each named like its picture: ``a/1.png`` for ``a/1.jpg``.

    A pixel's value is the number of its class, 255 stands for one that is not known. One mask in
    five is held back to measure, once there are five. A mask that differs from an earlier one of
    its picture stands in its place; the same again changes nothing.

    Raises
    ------
    ConfigError
        If the project does not hold images.
    SourceError
        If the folder holds no PNG file, or none is named like a picture here.
    """
    check_can_have_masks(workspace)
    if not folder.is_dir():
        raise SourceError(f"Masks lie in a folder; there is none at {folder}. Check the path.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not any(path.suffix.lower() == SUFFIX for path in files):
        raise SourceError(
            f"Masks must be PNG files; {folder} holds none among {len(files):,} files. Save them"
            " as PNG, which keeps every pixel."
        )
    with workspace.running("masks import"):
        found = _Import(workspace, folder)
        found.refuse_black_and_white(files)
        for start in range(0, len(files), FILES_AT_ONCE):
            found.take(files[start : start + FILES_AT_ONCE])
            progress(min(start + FILES_AT_ONCE, len(files)), len(files), "masks")
        if len(found.refused) == len(files):
            first, why = next(iter(found.refused.items()))
            raise SourceError(
                f"None of {len(files):,} masks in {folder} can be used; {first}: {why}. A mask is"
                " an 8-bit PNG of class numbers, as large as its picture and named like it."
            )
        _assign_roles(workspace)
        table = given_masks(standing_masks(workspace))
    return ImportMasksReport(
        n_files=len(files),
        n_imported=found.n_new,
        n_already=found.n_same,
        n_given=len(table),
        n_held_back=int((table["role"] == "held_back").sum()),
        by_class={
            f"{number} {name}": found.n_with_class[number]
            for number, name in enumerate(workspace.schema.names)
        },
        refused=found.refused,
    )


def check_can_have_masks(workspace: Workspace) -> None:
    """Raise ConfigError unless the project holds images, of classes that fit into a byte."""
    if workspace.modality != "image":
        raise ConfigError(
            f"Masks belong to images; this project holds {workspace.modality.removesuffix('s')}s."
            " Make a project with `annotate init --modality image`."
        )
    if workspace.schema.n_classes > UNKNOWN:
        raise ConfigError(
            f"Masks have {UNKNOWN} classes at most, as a pixel is a byte; this project has"
            f" {workspace.schema.n_classes:,}. Make a project of fewer."
        )


def without_suffix(name: str) -> str:
    """Return a path without its last suffix."""
    return str(PurePosixPath(name).with_suffix(""))


class _Import:
    """An import under way: the pictures by name, the masks they have, and what was found so far."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.n_new = self.n_same = 0
        self.refused: dict[str, str] = {}
        self.n_with_class: Counter[int] = Counter()
        self._workspace, self._folder = workspace, folder
        columns = ["item_no", "item_id", "width_px", "height_px", "dropped_at_utc"]
        with workspace.store.read() as connection:
            items = read_items(connection, columns)
        self._items = {item["item_id"]: item for item in items.to_dict("records")}
        self._ids: dict[str, list[str]] = {}
        for item_id in self._items:
            self._ids.setdefault(without_suffix(item_id), []).append(item_id)
        table = given_masks(standing_masks(workspace)).set_index("item_no")
        numbers = table.index.astype(int).tolist()
        self._sha256_of = dict(zip(numbers, table["png_sha256"], strict=True))
        self._role_of = {
            number: None if pd.isna(role) else str(role)
            for number, role in zip(numbers, table["role"], strict=True)
        }
        self._file_of: dict[int, str] = {}

    def refuse_black_and_white(self, files: list[Path]) -> None:
        """Raise SourceError if the first masks know no class but the first: 255 is not white."""
        seen = set()
        for path in files[:FIRST_LOOK]:
            try:
                seen |= set(np.unique(self._read(path, self._find(path))).tolist())
            except UNUSABLE:
                continue
        if seen == {NO_LABEL, 0}:
            raise SourceError(
                f"A pixel of a mask is the number of its class; {self._folder} holds 0 and 255"
                " alone, as black and white pictures do, and 255 is a pixel of no known class."
                " Save the masks with 0, 1 and so on."
            )

    def take(self, files: list[Path]) -> None:
        """Store the masks among some files that differ from what is here."""
        contents: dict[str, bytes] = {}
        rows = []
        for path in files:
            name = path.relative_to(self._folder).as_posix()
            try:
                item_id = self._find(path)
                number = int(self._items[item_id]["item_no"])
                if number in self._file_of:
                    why = f"{self._file_of[number]} is a mask of the same picture"
                    raise UnusableMaskError(why)
                mask = self._read(path, item_id)
            except UNUSABLE as error:
                self.refused[name] = str(error)
                continue
            self._file_of[number] = name
            self.n_with_class.update(np.unique(mask).tolist())
            png = mask_as_png(mask)
            sha256 = hashlib.sha256(png).hexdigest()
            if self._sha256_of.get(number) == sha256:
                self.n_same += 1
                continue
            contents[sha256] = png
            rows.append(self._row(number, sha256))
        keep_media(self._workspace.paths, contents)
        with self._workspace.store.write() as connection:
            insert_masks(connection, rows)
        self.n_new += len(rows)

    def _row(self, number: int, sha256: str) -> dict[str, object]:
        return {
            "item_no": number,
            "png_sha256": sha256,
            "schema_version": self._workspace.schema.version,
            "segmenter_no": None,
            # A picture keeps its role: what measured never trains.
            "role": self._role_of.get(number),
            "confidence": None,
        }

    def _find(self, path: Path) -> str:
        """Return the id of a mask's picture; UnusableMaskError if there is not one alone."""
        if path.suffix.lower() != SUFFIX:
            raise UnusableMaskError("it is no PNG file")
        name = without_suffix(path.relative_to(self._folder).as_posix())
        ids = [name] if name in self._items else self._ids.get(name, [])
        if len(ids) != 1:
            why = f"{len(ids)} pictures have its name" if ids else "no picture has its name"
            raise UnusableMaskError(why)
        if not pd.isna(self._items[ids[0]]["dropped_at_utc"]):
            raise UnusableMaskError("its picture was dropped")
        return ids[0]

    def _read(self, path: Path, item_id: str) -> NDArray[np.int16]:
        item = self._items[item_id]
        size = (int(item["width_px"]), int(item["height_px"]))
        return read_mask(read_regular(path), size, self._workspace.schema.n_classes)


def _assign_roles(workspace: Workspace) -> None:
    """Hold one mask in five back to measure, by the hash of its picture or its group."""
    table = given_masks(standing_masks(workspace))
    keys = table["group_key"].fillna(table["sha256"]).tolist()
    has_role = table["role"].notna()
    pairs = zip(keys, table["role"], has_role, strict=True)
    already = {key: role for key, role, is_set in pairs if is_set}
    roles = held_back_roles([ONE_KIND] * len(keys), keys, already)
    new = {
        int(number): str(role)
        for number, role, is_set in zip(table["item_no"], roles, has_role, strict=True)
        if not is_set
    }
    with workspace.store.write() as connection:
        assign_mask_roles(connection, new)
