"""What is built works where only the wheel and its dependencies are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.project.source_files import PACKAGES, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network: the build tool is a development dependency."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that sees the dependencies but not this checkout."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=True, symlinks=True)
    python = home / "bin" / "python"
    # A path named in a .pth file has its own .pth files ignored, so a checkout that is installed
    # there in editable form stays out of sight.
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [python, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
    subprocess.run(install, check=True, env=clean_environment())
    return python.parent


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def shipped_files() -> set[str]:
    """Return the name in the wheel of every file of the packages and of the embedded data."""
    files = [p for package in (*PACKAGES, "data") for p in (ROOT / package).rglob("*")]
    names = {str(p.relative_to(ROOT)) for p in files if p.is_file() and p.suffix != ".pyc"}
    return {f"pipelines/{name}" if name.startswith("data/") else name for name in names}


def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == shipped_files()
    assert "annotate/py.typed" in names


def test_the_packages_come_from_the_wheel(programs, tmp_path):
    files = ", ".join(f"{package}.__file__" for package in PACKAGES)
    code = f"import json, {', '.join(PACKAGES)}; print(json.dumps([{files}]))"
    out = subprocess.check_output(
        [programs / "python", "-c", code], cwd=tmp_path, env=clean_environment()
    )
    assert all(Path(path).is_relative_to(programs.parent) for path in json.loads(out))


def test_help_runs_from_the_wheel(programs, tmp_path):
    command = [programs / "annotate", "--help"]
    out = subprocess.check_output(command, cwd=tmp_path, env=clean_environment(), text=True)
    assert "demo" in out and "review" in out


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_runs_from_the_wheel_and_reaches_what_it_promises(programs, tmp_path):
    command = [programs / "annotate", "demo", "digits", "--json"]
    out = subprocess.check_output(command, cwd=tmp_path, env=clean_environment(), text=True)
    result = json.loads(out)
    first, last = result["steps"][0], result["steps"][-1]
    assert (first["answers"], last["answers"]) == (0, 50)
    assert 0.50 <= first["accuracy_all"] <= 0.85
    assert last["accuracy_all"] >= 0.93
    assert all((tmp_path / result[name]).exists() for name in ("project", "report", "export"))
