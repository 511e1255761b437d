from __future__ import annotations

import hashlib

import pytest

from annotate.store.media import keep_media
from annotate.store.paths import ProjectPaths


@pytest.fixture
def paths(tmp_path):
    return ProjectPaths(tmp_path)


def by_hash(*contents):
    return {hashlib.sha256(content).hexdigest(): content for content in contents}


def test_each_content_lies_under_its_hash_and_nothing_else_is_left(paths):
    contents = by_hash(b"one", b"two")
    keep_media(paths, contents)
    assert {key: paths.media(key).read_bytes() for key in contents} == contents
    assert sum(path.is_file() for path in paths.root.rglob("*")) == 2


def test_half_a_file_of_a_killed_run_is_written_again(paths):
    [key] = contents = by_hash(b"whole")
    half = paths.media(key).with_name(f"{key}.tmp")
    half.parent.mkdir(parents=True)
    half.write_bytes(b"who, and more than the whole")
    keep_media(paths, contents)
    assert paths.media(key).read_bytes() == b"whole"
    assert not half.exists()


def test_media_are_for_their_owner_only(paths):
    [key] = contents = by_hash(b"secret")
    keep_media(paths, contents)
    assert paths.media(key).stat().st_mode & 0o077 == 0
