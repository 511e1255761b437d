"""Data sets of the benchmark, small enough to say nothing, in the form they are published in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

CLASSES = ("glass", "metal", "paper")
PICTURES = ("airplane", "bird", "cat")


def features_around(truth, rng, dim=6):
    """Return points around the corner of their class."""
    centres = 3 * np.eye(truth.max() + 1, dim)
    return (centres[truth] + rng.normal(size=(len(truth), dim))).astype(np.float32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with TrashNet, CIFAR-10, CIFAR-10N and Cora of 90 items each, and no texts."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 30)
    folder = tmp_path / "data"
    for name in ("trashnet_128", "cifar10", "cifar10n"):
        (folder / name).mkdir(parents=True)
    trash, pictures = folder / "trashnet_128", folder / "cifar10"
    np.save(trash / "features_mobilenet_v1.npy", features_around(truth, rng))
    labels = [CLASSES[number] for number in truth]
    ids = [f"{label}/{number}.jpg" for number, label in enumerate(labels)]
    pd.DataFrame({"id": ids, "label": labels}).to_csv(trash / "truth.csv", index=False)
    features = features_around(truth, rng)
    np.save(pictures / "features_mobilenet_v1_pca256_train10k.npy", features)
    labels = [PICTURES[number] for number in truth]
    pd.DataFrame({"id": range(90), "label": labels}).to_csv(
        pictures / "truth_train10k.csv", index=False
    )
    noisy = np.where(rng.random(90) < 0.3, (truth + 1) % 3, truth)
    pd.DataFrame({"clean": truth, "worse": noisy}).to_parquet(
        folder / "cifar10n" / "labels10k.parquet"
    )
    (folder / "graph_cora").mkdir()
    write_graph(folder / "graph_cora" / "cora.npz", truth, rng)
    return folder


def write_graph(path, truth, rng):
    """Write papers whose words say nothing, and links that are within classes only."""
    words = sparse.csr_matrix((rng.random((len(truth), 20)) < 0.3).astype(np.float32))
    ends = rng.integers(len(truth), size=(2, 2000))
    np.savez(
        path,
        x_data=words.data, x_indices=words.indices, x_indptr=words.indptr, x_shape=words.shape,
        y=truth, edge_index=ends[:, (truth[ends[0]] == truth[ends[1]]) & (ends[0] != ends[1])],
    )  # fmt: skip
