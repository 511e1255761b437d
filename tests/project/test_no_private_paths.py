"""Nothing that is published names a folder of somebody's machine or a package index."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.project.source_files import ROOT

HOMES = r"/(?:home/\w+|Users/\w+|root)/|[A-Z]:\\Users\\"
INDEXES = r"https?://[\w.-]*(?:pypi|pythonhosted|pytorch)[\w.-]*/(?:simple|whl|packages)|--(?:extra-)?index"


def published_files() -> list[Path]:
    """Return what git tracks or would add."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout to know which files are published")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def private_pattern() -> re.Pattern[str]:
    """Match home folders and package indexes, and the folder that this checkout lies in."""
    around = [str(ROOT.parent), str(Path.home())]
    shared = {"/", tempfile.gettempdir()}
    here = [rf"(?<![\w.]){re.escape(path)}/" for path in around if path not in shared]
    return re.compile("|".join([HOMES, INDEXES, *here]))


def test_no_published_file_names_a_private_place():
    pattern = private_pattern()
    found = {}
    for path in published_files():
        hits = pattern.findall(path.read_bytes().decode("utf-8", errors="ignore"))
        if hits:
            found[str(path.relative_to(ROOT))] = sorted(set(hits))
    assert found == {}


@pytest.mark.parametrize("name", ["home", "Users"])
def test_a_home_folder_is_caught(name):
    assert private_pattern().search(f"see /{name}/ana/notes.txt")
