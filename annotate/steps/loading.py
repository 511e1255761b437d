"""Items as encoders take them: where each one's content is, and how a worker process opens it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, overload

from PIL import Image

from annotate.corpus.decode import load_image
from annotate.protocols import Ints
from annotate.schema import Modality
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items, read_items_at

# Models read some thousand words at most; a 50 MB text would only slow their tokenisers.
MAX_TEXT_LENGTH = 100_000
TEXTS_AT_ONCE = 4096


def contents_of(workspace: Workspace, ranges: Sequence[range]) -> Sequence[str]:
    """Return what ``loader`` opens, one string an item, for the items of the given ranges in order.

    Texts are read from the store as they are needed; of images only the paths are held.
    """
    if workspace.modality == "text":
        return StoredTexts(workspace, ranges)
    with workspace.store.read() as connection:
        tables = [read_items(connection, ["path", "sha256"], r.start, r.stop) for r in ranges]
    return [
        path if path is not None else str(workspace.paths.media(sha256))
        for table in tables
        for path, sha256 in zip(table["path"], table["sha256"], strict=True)
    ]


def loader(modality: Modality) -> Callable[[str], Any]:
    """Return the function that opens one of ``contents_of``; worker processes can call it."""
    return open_picture if modality == "image" else as_is


def open_picture(path: str) -> Image.Image:
    """Return the canonical picture in a file."""
    return load_image(Path(path))


def as_is(text: str) -> str:
    """Return a text, which needs no opening."""
    return text


class StoredItems:
    """Every item of a project as it is; meets ``protocols.Items``."""

    def __init__(self, workspace: Workspace, n_items: int) -> None:
        self._workspace = workspace
        self._n_items = n_items

    def __len__(self) -> int:
        return self._n_items

    def take(self, rows: Ints) -> list[Any]:
        """Return pictures or texts in the order asked for, None for a file that cannot be opened.

        Several pictures are opened at a time.
        """
        columns = ["text"] if self._workspace.modality == "text" else ["path", "sha256"]
        with self._workspace.store.read() as connection:
            table = read_items_at(connection, columns, rows.tolist())
        if self._workspace.modality == "text":
            return [text[:MAX_TEXT_LENGTH] for text in table["text"]]
        paths = [
            path if path is not None else str(self._workspace.paths.media(sha256))
            for path, sha256 in zip(table["path"], table["sha256"], strict=True)
        ]
        with ThreadPoolExecutor() as threads:
            return list(threads.map(_picture_or_none, paths))


def _picture_or_none(path: str) -> Image.Image | None:
    # One broken file must not end a training, whatever its decoder raises.
    try:
        return open_picture(path)
    except Exception:
        return None


class StoredTexts(Sequence[str]):
    """The texts of some items, read from the store a block at a time."""

    def __init__(self, workspace: Workspace, ranges: Sequence[range]) -> None:
        self._workspace = workspace
        self._item_nos = [number for r in ranges for number in r]
        self._block: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._item_nos)

    @overload
    def __getitem__(self, position: int) -> str: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[str]: ...

    def __getitem__(self, position: int | slice) -> str | Sequence[str]:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        number = self._item_nos[position]
        if number not in self._block:
            with self._workspace.store.read() as connection:
                rows = read_items(connection, ["item_no", "text"], number, number + TEXTS_AT_ONCE)
            self._block = {
                item_no: text[:MAX_TEXT_LENGTH]
                for item_no, text in zip(rows["item_no"], rows["text"], strict=True)
            }
        return self._block[number]
