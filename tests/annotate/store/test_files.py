from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from annotate.store.files import (
    file_sha256,
    make_private_folder,
    whole_file,
    write_bytes,
    write_npy,
)


@pytest.fixture(autouse=True)
def careless_umask():
    """The user's umask hides nothing: privacy must not depend on it."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_file_and_its_new_folders_are_for_their_owner_only(tmp_path: Path):
    write_bytes(tmp_path / "a" / "b" / "file", b"x")
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b", "a/b/file")]
    assert modes == [0o700, 0o700, 0o600]


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path):
    (tmp_path / "shared").mkdir(mode=0o755)
    make_private_folder(tmp_path / "shared")
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o755


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path: Path):
    write_bytes(tmp_path / "file", b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "file") as file:
        file.write(b"half of the new")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_the_name_appears_only_when_the_file_is_whole(tmp_path: Path):
    with whole_file(tmp_path / "file") as file:
        file.write(b"x")
        assert not (tmp_path / "file").exists()
    assert (tmp_path / "file").read_bytes() == b"x"


def test_an_array_comes_back_bit_for_bit(tmp_path: Path):
    values = np.array([[0.1, np.nan], [-np.inf, -0.0]], dtype=np.float16)
    write_npy(tmp_path / "a.npy", values)
    back = np.load(tmp_path / "a.npy")
    assert back.dtype == values.dtype
    assert back.tobytes() == values.tobytes()


def test_the_hash_is_that_of_the_bytes(tmp_path: Path):
    content = os.urandom(300_000)
    write_bytes(tmp_path / "file", content)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()
