"""Every recipe, benchmark and view can be imported, also those that hardly ever run."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.project.source_files import PACKAGES, imported_modules, module_name, python_files

# Run from top to bottom by Streamlit: importing them would do what they do.
SCRIPTS = {"app.main", "app.script.pages", "pipelines.bench.button_page"}
MODULES = sorted({module_name(path) for path in python_files("app", "pipelines")} - SCRIPTS)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_imported(name):
    assert import_module(name).__name__ == name


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=module_name)
def test_what_a_module_takes_from_the_project_is_there(path):
    """Also inside functions and scripts, where an import waits until it is run."""
    names = {n for n in imported_modules(path.read_text()) if n.partition(".")[0] in PACKAGES}
    assert [name for name in sorted(names) if not is_there(name)] == []


def is_there(name: str) -> bool:
    """Return whether ``a.b.c`` is a module, or a name in the module ``a.b``."""
    parent, _, last = name.rpartition(".")
    if not parent:
        return True
    owner = import_module(parent)
    is_package = hasattr(owner, "__path__")
    return hasattr(owner, last) or (is_package and find_spec(name) is not None)


def test_what_is_missing_is_noticed():
    assert is_there("annotate.schema.Schema") and is_there("pipelines.bench.alone")
    assert not is_there("annotate.schema.Skema") and not is_there("pipelines.bench.alnoe")
