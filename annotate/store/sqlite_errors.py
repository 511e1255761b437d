"""SQLite's errors in a user's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from annotate.errors import AnnotateError, ProjectBusyError, StoreError

_NEXT_STEPS = {
    "SQLITE_FULL": "the disk is full. Nothing of this was stored; free space there and try again",
    "SQLITE_IOERR": "the disk could not be read or written, as when it is full or failing."
    " Check it and its free space, then try again",
    "SQLITE_READONLY": "it may not be written. Mend the permissions of the file and its folder",
    "SQLITE_CANTOPEN": "it cannot be opened. Mend the permissions of the file and its folder",
    "SQLITE_PERM": "it may not be used. Mend the permissions of the file and its folder",
    "SQLITE_CORRUPT": "it is damaged. Restore the newest backup beside it",
    "SQLITE_NOTADB": "it is no SQLite file. Restore the newest backup beside it",
    "SQLITE_BUSY": "another program has locked it. Close that program and try again",
}


@contextmanager
def sqlite_errors_in_words(path: Path) -> Iterator[None]:
    """Turn SQLite's complaints about the file at ``path`` into errors a user can act on.

    What the caller did wrong, such as breaking a constraint, passes through as it is.

    Raises
    ------
    StoreError
        If the disk is full or fails, the file is damaged, or it may not be opened or written.
    ProjectBusyError
        If a program that does not know our locks holds SQLite's own.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        # Extended names, such as SQLITE_IOERR_WRITE, begin with the plain one.
        name = "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])
        if name not in _NEXT_STEPS:
            raise
        kind: type[AnnotateError] = ProjectBusyError if name == "SQLITE_BUSY" else StoreError
        raise kind(
            f"The store {path} must be usable; {_NEXT_STEPS[name]} (SQLite says: {cause})."
        ) from error
