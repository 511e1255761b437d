"""Where everything of one project lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from annotate.errors import StoreError

CONFIG_NAME = "annotate.toml"
_NETWORK_KINDS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "beegfs", "ceph", "lustre")
_NETWORK_FUSES = ("ceph", "gcsfuse", "glusterfs", "rclone", "s3fs", "sshfs")
NETWORK_FILE_SYSTEMS = frozenset((*_NETWORK_KINDS, *(f"fuse.{name}" for name in _NETWORK_FUSES)))
_MOUNTS = Path("/proc/self/mounts")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class ProjectPaths:
    """The files and folders of the project at ``root`` (an absolute path)."""

    root: Path

    @property
    def config(self) -> Path:
        """Return the file people edit."""
        return self.root / CONFIG_NAME

    @property
    def store(self) -> Path:
        """Return the SQLite file."""
        return self.root / "store.sqlite"

    @property
    def locks(self) -> Path:
        """Return the folder of the lock files."""
        return self.root / ".locks"

    @property
    def write_lock(self) -> Path:
        """Return the lock file that every write holds for milliseconds."""
        return self.locks / "write.lock"

    @property
    def reports(self) -> Path:
        """Return the folder of the HTML reports."""
        return self.root / "reports"

    @property
    def live(self) -> Path:
        """Return the folder of what live learning publishes."""
        return self.root / "live"

    @property
    def exports(self) -> Path:
        """Return the folder of the exports that the review app writes."""
        return self.root / "exports"

    def reply(self, key: str) -> Path:
        """Return where what a language model replied to one request is kept."""
        return self.root / "replies" / key[:2] / f"{key}.json"

    def media(self, sha256: str) -> Path:
        """Return where image bytes that arrived in a table are kept."""
        return self.root / "media" / sha256[:2] / sha256

    def array(self, kind: str, array_id: str) -> Path:
        """Return the folder of one array's parts."""
        return self.root / "arrays" / kind / array_id

    def selection(self, selection_id: str) -> Path:
        """Return the file that lists what one selection considered."""
        return self.root / "arrays" / "selections" / f"{selection_id}.parquet"

    def model(self, round_no: int) -> Path:
        """Return the folder of one round's student."""
        return self.root / "models" / f"round-{round_no:03d}"

    def segmenter(self, number: int) -> Path:
        """Return the folder of one network that gives pixels classes."""
        return self.root / "models" / f"segmenter-{number:03d}"

    def report(self, round_no: int) -> Path:
        """Return the HTML report of one round."""
        return self.reports / f"round-{round_no:03d}.html"


def file_system_of(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the type of the file system that holds ``path``, or None where it cannot be told."""
    if not mounts.exists():
        return None
    resolved = path.resolve()
    best: tuple[int, str] | None = None
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        _, mount_point, kind, *_ = line.split(" ")
        # The kernel writes a space, tab, line end or backslash in a mount point as \040 and so on.
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), mount_point))
        if resolved.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), kind)
    return best[1] if best else None


def check_file_system(path: Path, mounts: Path = _MOUNTS) -> None:
    """Raise StoreError when ``path`` lies on a network file system.

    SQLite's write-ahead log needs memory shared by all its users, which a network file system
    cannot give: committed decisions could be lost.
    """
    kind = file_system_of(path, mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise StoreError(
            f"A project must lie on a local disk; {path} is on a network file system ({kind}),"
            " where SQLite loses committed decisions. Put the project on a local disk."
        )
