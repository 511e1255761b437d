"""Imports point one way: a part may import only parts of the rows above its own."""

from __future__ import annotations

import pytest

from tests.project.source_files import PACKAGES, imported_modules, module_name, python_files

# Parts in one row do not import each other, except in the first and the last row.
ROWS = [
    ("errors", "schema", "registry", "protocols", "checks"),
    ("compute", "store"),
    ("corpus", "encoders", "selection", "training", "quality", "export"),
    ("teachers",),
    ("review", "bridges"),
    ("steps",),
    ("project", "cli"),
]
ROW_OF = {part: row for row, parts in enumerate(ROWS) for part in parts}
FRIENDS = {0, len(ROWS) - 1}
# Algorithms work on arrays: only the shell above them may touch what is on disk.
SEES_STORE = {"store", "review", "steps", "project", "cli"}
APP_MAY_IMPORT = ("annotate.review", "annotate.steps", "annotate.schema", "annotate.errors")
APP_NEVER = {"torch", "sqlalchemy", "sqlite3"}


def part_of(module: str) -> str | None:
    """Return "store" for ``annotate.store.tables``; None for what is not a part of annotate."""
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "annotate" and len(pieces) > 1 else None


def may_import(part: str, other: str) -> bool:
    """Say whether the table lets ``part`` import ``other``."""
    if other == "store" and part not in SEES_STORE:
        return False
    row, below = ROW_OF[part], ROW_OF[other]
    return part == other or below < row or (below == row and row in FRIENDS)


def offences(name: str, source: str) -> list[str]:
    """Return the imports of one module that the rules forbid."""
    found = set()
    for target in imported_modules(source):
        top, part, other = target.split(".")[0], part_of(name), part_of(target)
        upwards = name.split(".")[0] == "annotate" and top in ("app", "pipelines")
        against_table = part in ROW_OF and other in ROW_OF and not may_import(part, other)
        if target.startswith(".") or upwards or against_table:
            found.add(target)
        if name.split(".")[0] == "app" and (
            top in APP_NEVER
            or (top == "annotate" and part_of(target) and not target.startswith(APP_MAY_IMPORT))
        ):
            found.add(target)
    return sorted(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_follow_the_table(package):
    wrong = {
        module_name(path): bad
        for path in python_files(package)
        if (bad := offences(module_name(path), path.read_text(encoding="utf-8")))
    }
    assert wrong == {}


def test_every_part_has_a_row():
    parts = {part_of(module_name(path)) for path in python_files("annotate")} - {None}
    assert parts <= set(ROW_OF)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("annotate.errors", "from annotate.steps import add"),
        ("annotate.selection.quota", "import annotate.training.linear"),
        ("annotate.selection.quota", "def f():\n    from annotate import store"),
        ("annotate.teachers.probe", "from annotate.store.tables import items"),
        ("annotate.store.tables", "from annotate.compute.device import choose_device"),
        ("annotate.steps.add", "import pipelines.demo"),
        ("annotate.cli.add", "from .main import run"),
        ("app.main", "import torch.nn"),
        ("app.views.grid", "from annotate.store.tables import items"),
    ],
)
def test_a_wrong_import_is_caught(name, source):
    assert offences(name, source)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("annotate.teachers.probe", "from annotate.training.linear import LinearHead"),
        ("annotate.steps.add", "from annotate.store.tables import items"),
        ("annotate.cli.add", "from annotate.project import Project"),
        ("app.main", "from annotate.review.queue import next_page"),
        ("pipelines.demo", "import annotate\nimport torch"),
    ],
)
def test_a_right_import_passes(name, source):
    assert offences(name, source) == []
