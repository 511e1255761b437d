"""CIFAR-10 as pixels beside ready features, with a few labels drawn."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from annotate.compute.seeding import seeded_generator
from annotate.errors import SourceError
from annotate.protocols import NO_LABEL, Floats, Ints


@dataclass(frozen=True)
class Pictures:
    """One part of the data set.

    Attributes
    ----------
    X : uint8 array of shape (n, 3 * 32 ** 2)
    y : int array of shape (n,)
    features : float32 array of shape (n, 256)
        MobileNet's.
    """

    X: Ints
    y: Ints
    features: Floats


def read_pictures(data: Path, part: str) -> Pictures:
    """Return 10,000 pictures of CIFAR-10 (Krizhevsky 2009); the parts are train10k and test.

    Raises
    ------
    SourceError
        If the folder does not hold them.
    """
    folder = data / "cifar10"
    try:
        table = pd.read_parquet(folder / f"{part}.parquet")
        features = np.load(folder / f"features_mobilenet_v1_pca256_{part}.npy", allow_pickle=False)
    except FileNotFoundError as error:
        raise SourceError(
            f"The comparison needs {error.filename or folder}; it is not there."
            " Say where cifar10 lies with --set data=FOLDER; docs/recipes.md has its form."
        ) from None
    return Pictures(open_all(table["jpeg"]), table["label"].to_numpy(), features.astype(np.float32))


def open_all(encoded: pd.Series[Any]) -> Ints:
    """Return uint8 (n, 3 * side ** 2) of pictures that are all of one size."""
    opened = [np.asarray(Image.open(io.BytesIO(item)).convert("RGB")) for item in encoded]
    return np.stack(opened).reshape(len(opened), -1)


def draw_equally(truth: Ints, n_labels: int, seed: int) -> Ints:
    """Return the truth of equally many items of each class, -1 for all others."""
    labels = np.full(len(truth), NO_LABEL)
    classes = np.unique(truth)
    for number in classes:
        shuffled = seeded_generator(seed, "labels", int(number)).permutation(
            np.flatnonzero(truth == number)
        )
        labels[shuffled[: n_labels // len(classes)]] = number
    return labels
