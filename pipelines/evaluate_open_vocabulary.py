"""Does a corpus find its own class names among a thousand others?

``python -m pipelines.evaluate_open_vocabulary F.parquet --others FILE`` takes texts with
their classes (``--text``, ``--label``) and a file of other names, one a line, and compares group
votes with each item's own nearest name.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from annotate.encoders import ENCODERS
from annotate.protocols import Ints
from annotate.schema import ClassSpec, Schema
from annotate.teachers.group_count import count_groups
from annotate.teachers.open_vocabulary import name_groups
from annotate.teachers.prompts import default_templates
from annotate.teachers.zero_shot import class_features

SEEDS = range(5)
ENCODER = "sentence:all-MiniLM-L6-v2"


class InMemory:
    """An array as ``Rows``."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values
        self.shape = values.shape

    def read(self, start: int, stop: int) -> np.ndarray:
        return self._values[start:stop]

    def take(self, rows: Ints) -> np.ndarray:
        return self._values[rows]


def evaluate(texts: Sequence[str], truth: Sequence[str], others: Sequence[str]) -> None:
    """Print both ways over five seeds, with the true number of groups and with one found."""
    own = sorted(set(truth))
    taken = {name.casefold().replace("_", " ") for name in own}
    words = [*own, *(name for name in others if name.casefold().replace("_", " ") not in taken)]
    encoder = ENCODERS.make(ENCODER)
    vectors = encoder.encode(list(texts))
    schema = Schema(tuple(ClassSpec(n, word) for n, word in enumerate(words)))
    word_vectors = class_features(encoder, schema, default_templates("text"))
    classes = np.array([own.index(name) for name in truth])
    print(f"{len(texts):,} texts, {len(own)} classes, {len(words):,} names")
    for title in ("true number", "found"):
        rows = []
        for seed in SEEDS:
            number = (
                len(own) if title == "true number" else count_groups(vectors, seed=seed).n_groups
            )
            naming = name_groups(InMemory(vectors), word_vectors, number, seed=seed)
            alone = (naming.votes == classes).mean()
            together = (naming.words[naming.groups] == classes).mean()
            rows.append(
                (
                    number, len(naming.words), alone, together,
                    _overlap(np.unique(naming.votes), len(own)), _overlap(naming.words, len(own)),
                    _matched(naming.groups, classes),
                )
            )  # fmt: skip
        columns = ["groups", "left", "alone", "together", "IoU alone", "IoU together", "matched"]
        table = pd.DataFrame(rows, columns=columns)
        print(title, table.agg(["mean", "min", "max"]).round(3).to_string(), sep="\n")


def _overlap(words: Ints, n_own: int) -> float:
    own = int((words < n_own).sum())
    return own / (n_own + len(words) - own)


def _matched(groups: Ints, classes: Ints) -> float:
    """Return the share of items that are right under the best one-to-one match of groups."""
    counts = pd.crosstab(groups, classes).to_numpy()
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / len(classes))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--others", type=Path, required=True)
    given = parser.parse_args()
    table = pd.read_parquet(given.path)
    evaluate(
        table[given.text].tolist(),
        table[given.label].astype(str).tolist(),
        given.others.read_text(encoding="utf-8").splitlines(),
    )
