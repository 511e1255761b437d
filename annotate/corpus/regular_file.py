"""Read a file that is a plain file inside the source, and nothing else."""

from __future__ import annotations

import errno
import os
import stat
from functools import lru_cache

MAX_FILE_BYTES = 1 << 30


class RejectedInputError(Exception):
    """One input cannot be taken; ``code`` is a key of ``reasons.QUARANTINE``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


_CODE_BY_ERRNO = {
    errno.ENOENT: "vanished",
    errno.ENOTDIR: "vanished",
    errno.EACCES: "unreadable",
    errno.EPERM: "unreadable",
    errno.ELOOP: "symlink",
    errno.ENAMETOOLONG: "name_too_long",
    errno.ENXIO: "not_regular",
    errno.EISDIR: "not_regular",
}


def code_of_os_error(error: OSError) -> str:
    """Return the quarantine code for an error of the file system; ``unreadable`` if none fits."""
    return _CODE_BY_ERRNO.get(error.errno or 0, "unreadable")


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a regular file, never following a link in its last part.

    Raises
    ------
    RejectedInputError
        With code ``vanished``, ``unreadable``, ``symlink``, ``not_regular``, ``name_too_long`` or
        ``too_large``.
    """
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RejectedInputError(code_of_os_error(error), error.strerror or str(error)) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise RejectedInputError("not_regular", "not a regular file")
        if status.st_size > MAX_FILE_BYTES:
            raise RejectedInputError("too_large", f"{status.st_size:,} bytes")
        return _read_bytes(handle, status.st_size)
    except OSError as error:
        raise RejectedInputError("unreadable", error.strerror or str(error)) from error
    finally:
        os.close(handle)


def _read_bytes(handle: int, size_bytes: int) -> bytes:
    """Return at most ``size_bytes``, so that a file that grows while it is read has an end."""
    parts = []
    while size_bytes > 0 and (part := os.read(handle, size_bytes)):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)


def read_inside(root: str, relative: str, follow_links: bool) -> tuple[str, bytes]:
    """Return the real path and the bytes of the regular file ``relative`` under ``root``.

    The folder part may pass through links as long as it ends inside ``root``; the file itself may
    be a link only with ``follow_links``, and only to a file inside ``root``.

    Raises
    ------
    RejectedInputError
        As ``read_regular``, or with code ``outside_root`` or ``symlink_escape``.
    """
    real_root = _real_folder(root)
    folder, name = os.path.split(os.path.join(real_root, relative))
    path = os.path.join(_real_folder(folder), name)
    if name in ("", ".", "..") or not _is_inside(path, real_root):
        raise RejectedInputError("outside_root", f"{relative!r} leads out of {root}")
    try:
        return path, read_regular(path)
    except RejectedInputError as error:
        if error.code != "symlink":
            raise
    target = os.path.realpath(path)
    if not _is_inside(target, real_root):
        raise RejectedInputError("symlink_escape", f"links to {target}")
    if not follow_links:
        raise RejectedInputError("symlink", f"links to {target}")
    return target, read_regular(target)


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _is_inside(path: str, root: str) -> bool:
    return path.startswith(root if root.endswith(os.sep) else root + os.sep)
