"""A small corpus of texts in three classes, and projects made of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.embed import embed
from annotate.steps.import_labels import import_labels
from annotate.steps.workspace import Workspace, create_workspace, open_workspace

CLASSES = ("fruit", "tool", "animal")
WORDS = {
    "fruit": "apple pear plum cherry grape juicy sweet ripe",
    "tool": "hammer saw drill wrench screw steel sharp heavy",
    "animal": "dog cat horse cow sheep furry tail runs",
}
N_ITEMS = 120


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a CSV with id, text and label; most words of a text say its class."""
    generator = np.random.default_rng(0)
    everything = " ".join(WORDS.values()).split()
    rows = []
    for number in range(N_ITEMS):
        label = CLASSES[number % 3]
        own = generator.choice(WORDS[label].split(), 4)
        other = generator.choice(everything, 2)
        rows.append((f"t{number:03d}", " ".join([*own, *other, f"n{number}"]), label))
    path = tmp_path_factory.mktemp("corpus") / "texts.csv"
    pd.DataFrame(rows, columns=["id", "text", "label"]).to_csv(path, index=False)
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workspace]:
    """Return an empty project for texts."""
    workspace = create_workspace(
        tmp_path / "project", tuple(ClassSpec(0, name) for name in CLASSES), modality="text"
    )
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def embedded(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project to copy, with the corpus added and embedded."""
    folder = tmp_path_factory.mktemp("embedded") / "project"
    classes = tuple(ClassSpec(0, name) for name in CLASSES)
    workspace = create_workspace(folder, classes, modality="text")
    add(workspace, corpus, SourceOptions(modality="text"))
    embed(workspace, "hashing")
    workspace.close()
    return folder


def open_copy(template: Path, folder: Path) -> Workspace:
    """Return an open copy of a project: making one anew takes ten times as long."""
    shutil.copytree(template, folder)
    return open_workspace(folder)


@pytest.fixture
def workspace(embedded: Path, tmp_path: Path) -> Iterator[Workspace]:
    """Return a project with the corpus added and embedded."""
    workspace = open_copy(embedded, tmp_path / "project")
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def gold_file(corpus: Path) -> Path:
    """Return a file of 10 gold labels a class."""
    table = pd.read_csv(corpus, dtype=str).groupby("label").head(10)[["id", "label"]]
    path = corpus.with_name("gold.csv")
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def gold(workspace: Workspace, gold_file: Path) -> Path:
    """Import 10 gold labels a class; return their file."""
    import_labels(workspace, gold_file)
    return gold_file


@pytest.fixture
def truth(corpus: Path, tmp_path: Path) -> Path:
    """Return the corpus's truth as a file of ids and labels."""
    path = tmp_path / "truth.csv"
    pd.read_csv(corpus, dtype=str)[["id", "label"]].to_csv(path, index=False)
    return path
