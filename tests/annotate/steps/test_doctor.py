from __future__ import annotations

import pytest

from annotate.errors import ConfigError
from annotate.steps.doctor import examine


def test_versions_and_device_are_told_without_a_project():
    report = examine()
    told = " ".join(finding.what for finding in report.findings)
    assert "torch" in told and "SQLite" in told and "Models run on" in told
    assert not report.has_problem


def test_a_sound_project_has_no_problem_and_a_damaged_array_is_one(workspace):
    assert not examine(workspace.paths.root).has_problem
    part = next((workspace.paths.root / "arrays" / "features").rglob("*.npy"))
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    report = examine(workspace.paths.root)
    assert report.has_problem
    assert any(part.name in finding.what for finding in report.findings)


def test_a_folder_without_a_project_is_named(tmp_path):
    with pytest.raises(ConfigError, match="annotate init"):
        examine(tmp_path)
