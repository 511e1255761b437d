"""A folder of pictures: what lies in it, and the records that come of it.

Every regular file is an input, and its content decides what it is, except for

- hidden files and folders, ``.git`` among them;
- files that are plainly no pictures by their suffix (``.txt``, ``.xml``, ``.csv``, ...), which
  usually lie beside pictures as labels or notes.

Both are counted in ``passed_over``. Links, pipes, devices and unreadable folders are inputs too,
so that each gets an outcome.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from annotate.corpus.base import Source
from annotate.corpus.identity import flag_names
from annotate.corpus.pool import inspect_in_order
from annotate.corpus.printable import storable
from annotate.corpus.records import Record, Rejected, SourceOptions, outcome_of
from annotate.corpus.regular_file import code_of_os_error
from annotate.corpus.worker import FileTask, Task, Verdict

SIDECAR_SUFFIXES = frozenset(
    {".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".toml"}
    | {".ini", ".cfg", ".log", ".md", ".rst", ".html", ".htm", ".parquet", ".arrow", ".npy"}
    | {".npz", ".pkl", ".h5", ".db", ".sqlite", ".py", ".ipynb", ".sh", ".zip", ".tar", ".gz"}
    | {".tgz", ".7z"}
)
SIDECAR_NAMES = frozenset({"Thumbs.db", "desktop.ini"})


class Entry(NamedTuple):
    """One input of a folder; ``problem`` is the quarantine code of what cannot be opened."""

    path: str  # POSIX path under the root; bytes that are not UTF-8 are surrogates
    problem: str | None = None
    detail: str = ""


class Listing(NamedTuple):
    """The inputs of a folder, sorted by the bytes of their paths, and what was left aside."""

    entries: list[Entry]
    passed_over: dict[str, int]


def list_folder(root: Path) -> Listing:
    """Walk ``root`` without following links to folders."""
    entries: list[Entry] = []
    passed_over: Counter[str] = Counter()
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as found:
                for item in found:
                    path = f"{folder}/{item.name}" if folder else item.name
                    reason = _sidecar_kind(item.name)
                    if reason is not None:
                        passed_over[reason] += 1
                    elif item.is_dir(follow_symlinks=False):
                        pending.append(path)
                    else:
                        entries.append(_classify(item, path))
        except OSError as error:
            entries.append(Entry(folder, code_of_os_error(error), error.strerror or str(error)))
    entries.sort(key=lambda entry: os.fsencode(entry.path))
    return Listing(entries, dict(passed_over))


def _sidecar_kind(name: str) -> str | None:
    if name.startswith("."):
        return "hidden"
    if name in SIDECAR_NAMES:
        return name
    suffix = os.path.splitext(name)[1].lower()
    return suffix if suffix in SIDECAR_SUFFIXES else None


def _classify(item: os.DirEntry[str], path: str) -> Entry:
    if item.is_symlink():
        # The path's own test: the entry's raises for a link to itself.
        if os.path.isdir(item.path):
            return Entry(path, "symlink", "a link to a folder is never followed")
        return Entry(path)
    if not item.is_file(follow_symlinks=False):
        return Entry(path, "not_regular", "a device, pipe or socket")
    return Entry(path)


@dataclass
class FolderSource(Source):
    """Pictures in a folder and the folders below it, or a single picture file."""

    _entries: list[Entry] = field(default_factory=list, repr=False)

    def read(self, start: int = 0) -> Iterator[Record | Rejected]:
        """Yield one record or rejection for each entry, from number ``start``."""
        flags = flag_names([entry.path for entry in self._entries if not _is_undecodable(entry)])
        root = str(self._root())
        pairs = (
            (number, self._task(root, self._entries[number]))
            for number in range(start, len(self._entries))
        )
        for number, verdict in inspect_in_order(pairs, self.options.workers):
            entry = self._entries[number]
            yield self._judge(number, entry, verdict, flags.get(entry.path, ()))

    def _task(self, root: str, entry: Entry) -> Task | None:
        if entry.problem is not None or _is_undecodable(entry):
            return None
        return FileTask(root, entry.path, self.options.follow_links, "vanished")

    def _judge(
        self, number: int, entry: Entry, verdict: Verdict | None, flags: tuple[str, ...]
    ) -> Record | Rejected:
        if entry.problem is not None:
            return Rejected(number, storable(entry.path) or ".", entry.problem, entry.detail)
        if verdict is None:
            return Rejected(number, storable(entry.path), "name", "the name is not valid UTF-8")
        if verdict.code:
            return Rejected(number, entry.path, verdict.code, verdict.detail)
        notes = verdict.notes + flags
        return Record(
            number,
            entry.path,
            verdict.sha256,
            outcome_of(notes),
            notes,
            path=verdict.path,
            label=self._label(entry.path),
            width=verdict.width,
            height=verdict.height,
        )

    def _label(self, path: str) -> str | None:
        if not self.options.labels_from_folders or "/" not in path:
            return None
        return path.split("/", 1)[0]

    def _root(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    def _files(self) -> Iterable[Path]:
        root = self._root()
        return (root / entry.path for entry in self._entries)


def open_folder(path: Path, options: SourceOptions) -> FolderSource:
    """Return the source for a folder, or for one picture file."""
    listing = list_folder(path) if path.is_dir() else Listing([Entry(path.name)], {})
    return FolderSource(
        path,
        options,
        kind="images",
        n_inputs=len(listing.entries),
        passed_over=listing.passed_over,
        _entries=listing.entries,
    )


def _is_undecodable(entry: Entry) -> bool:
    return not entry.path.isascii() and any("\ud800" <= ch <= "\udfff" for ch in entry.path)
