"""What the code imports is declared: in the core, or in an extra where it may be missing."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement

from tests.project.source_files import PACKAGES, ROOT, imported_modules, python_files

DISTRIBUTIONS = packages_distributions()


def declared() -> set[str]:
    """Return the names of the core's dependencies and of all extras but the developers' own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(x for k in extras if k != "dev" for x in extras[k])]
    return {plain(Requirement(line).name) for line in lines}


def plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def third_party(source: str) -> set[str]:
    tops = {name.split(".")[0] for name in imported_modules(source)}
    return tops - set(PACKAGES) - sys.stdlib_module_names


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_is_declared(package):
    undeclared = {}
    for path in python_files(package):
        for top in third_party(path.read_text(encoding="utf-8")):
            if not {plain(d) for d in DISTRIBUTIONS.get(top, [top])} & declared():
                undeclared.setdefault(top, []).append(str(path.relative_to(ROOT)))
    assert undeclared == {}


def test_the_standard_library_and_our_own_packages_need_no_declaration():
    source = "import json\nfrom annotate.errors import X\nimport numpy.linalg\nimport app.main"
    assert third_party(source) == {"numpy"}
