"""Doctor: versions, device and the health of a project's store."""

from __future__ import annotations

import platform
import sqlite3
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from annotate import __version__
from annotate.compute.device import choose_device
from annotate.errors import StoreError
from annotate.store.config import read_config
from annotate.store.health import Finding, check_store
from annotate.store.paths import ProjectPaths

PACKAGES = ("torch", "open_clip_torch", "streamlit", "scikit-learn", "pandas", "pyarrow", "pillow")
OPTIONAL = {
    "sentence_transformers": ("sentence encoders for texts", "text"),
}


@dataclass(frozen=True)
class DoctorReport:
    """Findings in order; ``has_problem`` when one of them keeps the project from working."""

    findings: list[Finding]
    has_problem: bool


def examine(folder: Path | None = None) -> DoctorReport:
    """Return what this machine has and lacks, and how the project in ``folder`` is."""
    findings = [
        Finding("ok", f"annotate {__version__}, Python {platform.python_version()},"
                f" SQLite {sqlite3.sqlite_version}.", ""),
        *(_package(name) for name in PACKAGES),
        *(_optional(module, what, extra) for module, (what, extra) in OPTIONAL.items()),
        Finding("ok", f"Models run on: {choose_device()}.", ""),
    ]  # fmt: skip
    if folder is not None:
        paths = ProjectPaths(folder.absolute())
        read_config(paths.config)
        try:
            findings += check_store(paths)
        except StoreError as error:
            findings.append(Finding("problem", str(error), ""))
    return DoctorReport(findings, any(f.level == "problem" for f in findings))


def _package(name: str) -> Finding:
    try:
        return Finding("ok", f"{name} {version(name)}.", "")
    except PackageNotFoundError:
        return Finding("problem", f"{name} is missing.", "Run `pip install annotate` again.")


def _optional(module: str, what: str, extra: str) -> Finding:
    if find_spec(module) is not None:
        return Finding("ok", f"{module} is installed ({what}).", "")
    return Finding(
        "warning", f"{module} is not installed ({what}).", f"Run `pip install 'annotate[{extra}]'`."
    )
