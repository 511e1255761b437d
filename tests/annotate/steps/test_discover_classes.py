"""Classes found by how they shift across the groups of a project."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import ConfigError, NotReadyError
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.discover_classes import discover_classes
from annotate.steps.workspace import create_workspace

SHARES = np.array([0.95, 0.6, 0.05])  # of the first class in each group


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """Two kinds of points in three groups, with their truth."""
    rng = np.random.default_rng(0)
    group = np.arange(900) % 3
    truth = (rng.random(900) > SHARES[group]).astype(int)
    vectors = np.eye(2, 5)[truth] * 4 + rng.normal(size=(900, 5))
    folder = tmp_path_factory.mktemp("points")
    np.save(folder / "points.npy", vectors.astype(np.float32))
    ids = [f"p{n}" for n in range(900)]
    pd.DataFrame({"id": ids, "place": np.array(list("xyz"))[group]}).to_csv(
        folder / "points.csv", index=False
    )
    return folder, truth


@pytest.fixture
def project(tmp_path):
    made = create_workspace(
        tmp_path / "p", (ClassSpec(0, "a"), ClassSpec(0, "b")), modality="features"
    )
    yield made
    made.close()


def add_points(project, folder, group_column):
    add(
        project, folder / "points.csv",
        SourceOptions(
            modality="features", features=folder / "points.npy", group_column=group_column
        ),
    )  # fmt: skip


def test_what_shifts_together_is_a_class_and_is_written_for_each_item(project, points, tmp_path):
    folder, truth = points
    add_points(project, folder, "place")
    report = discover_classes(project, 2, out=tmp_path / "found.csv")
    table = pd.read_csv(tmp_path / "found.csv")
    right = (table[["class_1", "class_2"]].to_numpy().argmax(axis=1) == truth).mean()
    assert max(right, 1 - right) > 0.9
    first = next(c for c in report.classes if c.share_by_group["x"] > 0.5)
    np.testing.assert_allclose(list(first.share_by_group.values()), SHARES, atol=0.12)
    assert sum(c.n_items for c in report.classes) == report.n_items == 900
    assert 1 / 3 < report.group_accuracy < 0.8


def test_groups_are_needed(project, points):
    add_points(project, points[0], None)
    with pytest.raises(NotReadyError, match="--group-column"):
        discover_classes(project, 2)


def test_there_are_at_most_as_many_classes_as_groups(project, points):
    add_points(project, points[0], "place")
    with pytest.raises(ConfigError, match="2 to 3, the number of groups; got 4"):
        discover_classes(project, 4)
