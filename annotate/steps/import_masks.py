"""Import masks: the class of every pixel, drawn elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from annotate.corpus.mask_file import mask_as_png, read_mask
from annotate.corpus.regular_file import RejectedInputError, read_regular
from annotate.corpus.splits import held_back_roles
from annotate.errors import ConfigError, SourceError
from annotate.protocols import Progress, no_progress
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items
from annotate.store.masks import assign_mask_roles, insert_masks, read_standing_masks
from annotate.store.media import keep_media

FILES_AT_ONCE = 200
ONE_KIND = "mask"


@dataclass(frozen=True)
class ImportMasksReport:
    """What became of a folder of masks.

    Attributes
    ----------
    refused : dict of str to str
        Why a file was left out, by its path in the folder.
    """

    n_files: int
    n_imported: int
    n_already: int
    n_held_back: int
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
    check_images(workspace)
    files = sorted(path for path in folder.rglob("*.png") if path.is_file())
    if not files:
        raise SourceError(
            f"Masks must be PNG files in a folder; {folder} holds none. Check the path."
        )
    with workspace.running("masks import"):
        pictures = _Pictures(workspace)
        refused: dict[str, str] = {}
        n_imported = n_already = 0
        for start in range(0, len(files), FILES_AT_ONCE):
            some = files[start : start + FILES_AT_ONCE]
            new, same = _import_some(workspace, folder, some, pictures, refused)
            n_imported, n_already = n_imported + new, n_already + same
            progress(start + len(some), len(files), "masks")
        if len(refused) == len(files):
            first, why = next(iter(refused.items()))
            raise SourceError(
                f"None of {len(files):,} masks in {folder} can be used; {first}: {why}. A mask is"
                " an 8-bit PNG of class numbers, as large as its picture and named like it."
            )
        _assign_roles(workspace)
        with workspace.store.read() as connection:
            table = given_masks(read_standing_masks(connection))
    return ImportMasksReport(
        n_files=len(files),
        n_imported=n_imported,
        n_already=n_already,
        n_held_back=int((table["role"] == "held_back").sum()),
        refused=refused,
    )


def check_images(workspace: Workspace) -> None:
    """Raise ConfigError unless the project holds images."""
    if workspace.modality != "image":
        raise ConfigError(
            f"Masks belong to images; this project holds {workspace.modality.removesuffix('s')}s."
            " Make a project with `annotate init --modality image`."
        )


def given_masks(table: pd.DataFrame) -> pd.DataFrame:
    """Return those of the standing masks that came with the corpus, of items not dropped."""
    return table[table["segmenter_no"].isna() & table["dropped_at_utc"].isna()]


class _Pictures:
    """The pictures of a project by name, with and without suffix."""

    def __init__(self, workspace: Workspace) -> None:
        with workspace.store.read() as connection:
            items = read_items(connection, ["item_no", "item_id", "width_px", "height_px"])
        self.by_id = items.set_index("item_id")
        stems = pd.Series([without_suffix(name) for name in items["item_id"]], dtype=str)
        self._stems = pd.Series(items["item_id"].to_numpy(), index=stems)

    def find(self, mask_name: str) -> str:
        """Return the id of a mask's picture.

        Raises
        ------
        RejectedInputError
            If there is none, or several have that name but for the suffix.
        """
        name = without_suffix(mask_name)
        if name in self.by_id.index:
            return name
        found = self._stems.loc[[name]].tolist() if name in self._stems.index else []
        if len(found) == 1:
            return str(found[0])
        why = f"{len(found)} pictures have its name" if found else "no picture has its name"
        raise RejectedInputError("unknown_id", why)


def without_suffix(name: str) -> str:
    """Return a path without its last suffix."""
    return str(PurePosixPath(name).with_suffix(""))


def _import_some(
    workspace: Workspace,
    folder: Path,
    files: list[Path],
    pictures: _Pictures,
    refused: dict[str, str],
) -> tuple[int, int]:
    """Store some masks; return how many are new and how many were here; note why others are not."""
    contents: dict[str, bytes] = {}
    sha256_of: dict[int, str] = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            item = pictures.by_id.loc[pictures.find(name)]
            size = (int(item["width_px"]), int(item["height_px"]))
            png = mask_as_png(read_mask(read_regular(path), size, workspace.schema.n_classes))
        except RejectedInputError as error:
            refused[name] = error.detail
            continue
        sha256 = hashlib.sha256(png).hexdigest()
        contents[sha256] = png
        sha256_of[int(item["item_no"])] = sha256
    with workspace.store.read() as connection:
        table = given_masks(read_standing_masks(connection)).set_index("item_no")
    earlier, role_of = table["png_sha256"].to_dict(), table["role"].to_dict()
    new = {number: sha for number, sha in sha256_of.items() if earlier.get(number) != sha}
    keep_media(workspace.paths, {sha: contents[sha] for sha in new.values()})
    rows = [
        {
            "item_no": number,
            "png_sha256": sha256,
            "schema_version": workspace.schema.version,
            "segmenter_no": None,
            # A picture keeps its role: what measured never trains.
            "role": role_of.get(number),
            "confidence": None,
        }
        for number, sha256 in new.items()
    ]
    with workspace.store.write() as connection:
        insert_masks(connection, rows)
    return len(rows), len(sha256_of) - len(rows)


def _assign_roles(workspace: Workspace) -> None:
    """Hold one mask in five back to measure, by the hash of its picture or its group."""
    with workspace.store.read() as connection:
        table = given_masks(read_standing_masks(connection))
    keys = table["group_key"].fillna(table["sha256"]).tolist()
    already = {key: role for key, role in zip(keys, table["role"], strict=True) if role is not None}
    roles = held_back_roles([ONE_KIND] * len(keys), keys, already)
    new = {
        int(number): str(role)
        for number, role, before in zip(table["item_no"], roles, table["role"], strict=True)
        if before is None
    }
    with workspace.store.write() as connection:
        assign_mask_roles(connection, new)
