from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.store.database import Store, create_store, open_store
from annotate.store.paths import ProjectPaths
from tests.annotate.store.small_project import add_items


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed project of 20 items; copying it is quicker than making one."""
    root = tmp_path_factory.mktemp("template") / "project"
    store = create_store(ProjectPaths(root))
    add_items(store, 20)
    store.close()
    return root


@pytest.fixture
def paths(template: Path, tmp_path: Path) -> ProjectPaths:
    """A closed project of 20 items."""
    return ProjectPaths(Path(shutil.copytree(template, tmp_path / "project")))


@pytest.fixture
def store(paths: ProjectPaths) -> Iterator[Store]:
    """An open project of 20 items."""
    store = open_store(paths)
    yield store
    store.close()
