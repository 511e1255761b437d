"""What is wrong, or soon will be, with a project on disk."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from annotate.errors import StoreError
from annotate.store import migrate
from annotate.store.arrays import list_arrays
from annotate.store.database import Store
from annotate.store.decisions import broken_links, count_decisions
from annotate.store.files import TEMPORARY_SUFFIX, file_sha256
from annotate.store.history import list_selections
from annotate.store.paths import ProjectPaths, check_file_system
from annotate.store.sqlite_errors import sqlite_errors_in_words

# From 3.7.0 on, a checkpoint beside a commit could lose the commit; these releases mended it.
FIRST_SOUND_SQLITE = (3, 51, 3)
SOUND_SQLITE_PATCHES = {(3, 50): 7, (3, 44): 6}
LITTLE_SPACE_BYTES = 1 << 30
LARGE_LOG_BYTES = 64 << 20
STRAY_AFTER_S = 24 * 3600  # younger files may belong to a step at work


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    level : str
        ok, warning (works, but not as well or as safely as it should) or problem.
    what : str
        What was found, as a sentence.
    advice : str
        The next step; empty where there is none to take.
    """

    level: Literal["ok", "warning", "problem"]
    what: str
    advice: str = ""


def check_store(paths: ProjectPaths) -> list[Finding]:
    """Return what was found in a project's store, arrays and disk; changes nothing.

    Reads every array once, so it takes about a second for each gigabyte. A store of an older
    annotate is not migrated for this: its tables are left out.
    """
    findings = [_check_sqlite(sqlite3.sqlite_version_info), *_check_disk(paths)]
    try:
        check_file_system(paths.root)
        findings += _check_tables(paths)
    except StoreError as error:
        findings.append(Finding("problem", str(error)))
    return findings


def is_sound_sqlite(version: tuple[int, int, int]) -> bool:
    """Return whether this SQLite keeps commits beside checkpoints (its WAL-reset bug is mended)."""
    patch = SOUND_SQLITE_PATCHES.get(version[:2])
    return version >= FIRST_SOUND_SQLITE or (patch is not None and version[2] >= patch)


def _check_sqlite(version: tuple[int, int, int]) -> Finding:
    name = ".".join(map(str, version))
    if is_sound_sqlite(version):
        return Finding("ok", f"SQLite {name} has no known bug that loses commits.")
    return Finding(
        "warning",
        f"SQLite {name} can lose a commit when another program checkpoints beside it; annotate's"
        " own write gate keeps the two apart.",
        "Let no other program write to store.sqlite, or use a Python with SQLite 3.51.3 or newer.",
    )


def _check_disk(paths: ProjectPaths) -> Iterator[Finding]:
    if not paths.root.is_dir():
        return
    free_bytes = shutil.disk_usage(paths.root).free
    if free_bytes < LITTLE_SPACE_BYTES:
        yield Finding(
            "warning",
            f"{free_bytes / 2**20:,.0f} MiB are free on the disk of {paths.root}.",
            "Free space there before the next step: a full disk stops it.",
        )
    else:
        yield Finding("ok", f"{free_bytes / 2**30:,.1f} GiB are free on the project's disk.")
    log = paths.store.with_name(paths.store.name + "-wal")
    if log.exists() and log.stat().st_size > LARGE_LOG_BYTES:
        yield Finding(
            "warning",
            f"The store's write-ahead log holds {log.stat().st_size / 2**20:,.0f} MiB.",
            "Some process reads the store without pause; close it, and the log is emptied.",
        )
    files = [path for path in paths.root.glob(paths.store.name + "*") if path.is_file()]
    exposed = [path.name for path in sorted(files) if path.stat().st_mode & 0o077]
    if exposed:
        yield Finding(
            "warning",
            f"Other users of this machine may open {', '.join(exposed)}.",
            f"Run `chmod go= {paths.store}*` unless that is meant.",
        )


def _check_tables(paths: ProjectPaths) -> list[Finding]:
    if not paths.store.exists():
        raise StoreError(f"{paths.store} is missing. Restore the newest backup of it.")
    with sqlite_errors_in_words(paths.store):
        if migrate.needs_upgrade(paths.store):
            return [
                Finding(
                    "warning",
                    f"{paths.store} is of an older annotate; its contents were not checked.",
                    "Any step backs it up and brings it up to date.",
                )
            ]
    store = Store(paths)
    try:
        return [*_check_rows(store), *_check_arrays(store), *_check_strays(store)]
    finally:
        store.close()


def _check_rows(store: Store) -> Iterator[Finding]:
    mistakes = store.check_integrity()
    for mistake in mistakes[:10]:
        yield Finding(
            "problem",
            f"The store is damaged: {mistake}.",
            "Stop working in this project, copy it as it is, and restore the newest backup.",
        )
    if not mistakes:
        yield Finding("ok", "The store passes SQLite's own check, and every reference is met.")
    with store.read() as connection:
        n_decisions, broken = count_decisions(connection), broken_links(connection)
    if broken:
        yield Finding(
            "problem",
            f"Decisions were changed or removed outside annotate: {len(broken):,} do not follow"
            f" from the one before, the first is number {broken[0]:,}.",
            "Compare with a backup; what an export says about decisions cannot be relied on.",
        )
    else:
        yield Finding("ok", f"{n_decisions:,} decisions, each as it was stored.")


def _check_arrays(store: Store) -> Iterator[Finding]:
    damaged = [path for array in list_arrays(store) for path in array.unsound_parts()]
    with store.read() as connection:
        selections = list_selections(connection)
    for selection in selections:
        path = store.paths.selection(selection["selection_id"])
        if not path.exists() or file_sha256(path) != selection["sha256"]:
            damaged.append(path)
    for path in damaged:
        state = "is damaged" if path.exists() else "is missing"
        yield Finding(
            "problem",
            f"{path} {state}.",
            "Run the step that made it again: it redoes only what is damaged.",
        )
    if not damaged:
        yield Finding("ok", "Every array and selection is as it was written.")


def _check_strays(store: Store) -> Iterator[Finding]:
    paths = store.paths
    known = {path for array in list_arrays(store) for _, path in array.part_files()}
    with store.read() as connection:
        known |= {paths.selection(s["selection_id"]) for s in list_selections(connection)}
    folders = [paths.root / name for name in ("arrays", "media", "models")]
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    strays = [
        path
        for path in files
        if path.suffix == TEMPORARY_SUFFIX
        or (path.is_relative_to(paths.root / "arrays") and path not in known)
    ]
    old = [path for path in strays if time.time() - path.stat().st_mtime > STRAY_AFTER_S]
    if old:
        size_mib = sum(path.stat().st_size for path in old) / 2**20
        yield Finding(
            "warning",
            f"{len(old):,} files of killed steps take {size_mib:,.0f} MiB, such as {min(old)}.",
            "No step needs them; delete them while none is running.",
        )
    else:
        yield Finding("ok", "No files of killed steps are left.")
