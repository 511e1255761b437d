from __future__ import annotations

from pathlib import Path

import pytest

from annotate.errors import StoreError
from annotate.store.paths import (
    NETWORK_FILE_SYSTEMS,
    ProjectPaths,
    check_file_system,
    file_system_of,
)


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """A mount table as the kernel writes it: spaces as octal, the later of two mounts wins."""
    table = tmp_path / "mounts"
    table.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "server:/share /team nfs4 rw 0 0\n"
        "/dev/sdb1 /team/local xfs rw 0 0\n"
        "//host/s /my\\040disk cifs rw 0 0\n"
        "/dev/sdc1 /twice ext4 rw 0 0\n"
        "host:/x /twice fuse.sshfs rw 0 0\n"
    )
    return table


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/a", "ext4"),
        ("/team/birds", "nfs4"),
        ("/team/local/birds", "xfs"),
        ("/teammate", "ext4"),
        ("/my disk/birds", "cifs"),
        ("/twice/birds", "fuse.sshfs"),
    ],
)
def test_the_innermost_newest_mount_tells_the_file_system(path: str, kind: str, mounts: Path):
    assert file_system_of(Path(path), mounts) == kind


def test_a_project_on_a_network_file_system_is_refused_with_its_type(mounts: Path):
    with pytest.raises(StoreError, match=r"/team/birds is on a network file system \(nfs4\)"):
        check_file_system(Path("/team/birds"), mounts)


def test_a_project_on_a_local_disk_passes(mounts: Path):
    check_file_system(Path("/team/local/birds"), mounts)


@pytest.mark.parametrize("kind", sorted(NETWORK_FILE_SYSTEMS))
def test_every_known_network_file_system_is_refused(kind: str, tmp_path: Path):
    table = tmp_path / "mounts"
    table.write_text(f"far / {kind} rw 0 0\n")
    with pytest.raises(StoreError, match="network file system"):
        check_file_system(tmp_path, table)


def test_without_a_mount_table_nothing_is_refused(tmp_path: Path):
    assert file_system_of(tmp_path, tmp_path / "absent") is None
    check_file_system(tmp_path, tmp_path / "absent")


def test_a_link_to_a_network_file_system_is_seen_through(mounts: Path, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to("/team/birds")
    assert file_system_of(link, mounts) == "nfs4"


def test_everything_lies_inside_the_project():
    paths = ProjectPaths(Path("/p"))
    places = [paths.config, paths.store, paths.locks, paths.write_lock, paths.reports]
    places += [paths.media("ab" * 32), paths.array("features", "x"), paths.selection("s")]
    places += [paths.model(0), paths.report(0)]
    assert all(place.is_relative_to(paths.root) for place in places)
    assert len(set(places)) == len(places)
