"""No dependency may be older than the release that closed a known hole."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.project.source_files import ROOT

# The first release without the hole that is named beside it.
FLOORS = {
    "label-studio-sdk": "1.0.10",  # CVE-2025-25295: an export read files of the server
    "pillow": "13.0.0",  # GHSA-8g5g-8vmr-9782: a JPEG overflows the decoder's buffer
    "pyarrow": "14.0.1",  # CVE-2023-47248: code from a Parquet file
    "streamlit": "1.54.0",  # CVE-2026-33682: an unauthenticated request leaks credentials
    "torch": "2.10.0",  # CVE-2026-24747: memory corruption when weights are loaded
    "transformers": "5.2.1",  # CVE-2026-5241: a repository overrides trust_remote_code=False
}


def declared() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["text"]]
    wanted = [Requirement(line) for line in lines]
    return {one.name.lower().replace("_", "-"): one for one in wanted}


def pinned() -> dict[str, Version]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {name: Version(v) for name, v in re.findall(r"^([\w.-]+)==([^\s;]+)", lines, re.M)}


@pytest.mark.parametrize("name", FLOORS)
def test_installed_and_pinned_versions_are_safe(name):
    floor = Version(FLOORS[name])
    assert Version(version(name)) >= floor
    assert pinned()[name] >= floor


@pytest.mark.parametrize("name", sorted(FLOORS.keys() & declared().keys()))
def test_the_declared_range_starts_at_a_safe_version(name):
    lowest = min(Version(part.version) for part in declared()[name].specifier if ">" in str(part))
    assert lowest >= Version(FLOORS[name])


def test_every_declared_dependency_is_pinned():
    assert declared().keys() <= pinned().keys()
