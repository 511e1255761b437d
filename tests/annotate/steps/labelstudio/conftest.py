"""A project of a few texts with a prediction, and a Label Studio to send them to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from annotate.steps.workspace import Workspace
from tests.annotate.bridges.label_studio.fake_server import FakeLabelStudio
from tests.annotate.steps.conftest import open_copy
from tests.app.review_projects import predict_as_given, text_project

CLASSES = ("cat", "dog", "owl")
# Item k is most likely class k % 3; the later, the surer.
N_ITEMS = 6


@pytest.fixture
def server() -> FakeLabelStudio:
    return FakeLabelStudio()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project to copy: making one anew takes longer than a push."""
    folder = tmp_path_factory.mktemp("template") / "birds"
    workspace = text_project(folder, [f"text {n}" for n in range(N_ITEMS)], CLASSES)
    predict_as_given(workspace, proba_favouring([n % 3 for n in range(N_ITEMS)]))
    workspace.close()
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_copy(template, tmp_path / "birds")
    yield workspace
    workspace.close()


def proba_favouring(classes: list[int]) -> np.ndarray:
    """Return probabilities by which each item's likeliest class is the one given."""
    proba = np.full((len(classes), 3), 0.0)
    for item, number in enumerate(classes):
        best = 0.5 + 0.05 * item
        proba[item] = (1 - best) / 2
        proba[item, number] = best
    return proba
