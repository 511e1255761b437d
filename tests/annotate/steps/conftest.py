"""A small corpus of texts in three classes, and projects made of it."""

from __future__ import annotations

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
from annotate.steps.workspace import Workspace, create_workspace

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


@pytest.fixture
def workspace(empty: Workspace, corpus: Path) -> Workspace:
    """Return a project with the corpus added and embedded."""
    add(empty, corpus, SourceOptions(modality="text"))
    embed(empty, "hashing")
    return empty


@pytest.fixture
def gold(workspace: Workspace, corpus: Path, tmp_path: Path) -> Path:
    """Import 10 gold labels a class; return their file."""
    table = pd.read_csv(corpus, dtype=str).groupby("label").head(10)[["id", "label"]]
    path = tmp_path / "gold.csv"
    table.to_csv(path, index=False)
    import_labels(workspace, path)
    return path


@pytest.fixture
def truth(corpus: Path, tmp_path: Path) -> Path:
    """Return the corpus's truth as a file of ids and labels."""
    path = tmp_path / "truth.csv"
    pd.read_csv(corpus, dtype=str)[["id", "label"]].to_csv(path, index=False)
    return path
