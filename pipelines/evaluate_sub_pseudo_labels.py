"""How open an item's true class is once it is known what a weak label and a teacher say of it.

``python -m pipelines.evaluate_sub_pseudo_labels DIR`` takes the worse labels of CIFAR-10N as weak
(the data's folder is that of ``annotate run benchmark``) and a logistic regression on 10 clean
labels a class as teacher, and compares their pairs with either alone and with k-means.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from annotate.protocols import Bools, Floats, Ints
from annotate.training.sub_pseudo_labels import VARIANTS, sub_pseudo_labels
from pipelines.comparison.corpora import read_noisy_labels

SEEDS = range(5)
CLEAN_PER_CLASS = 10
SMALLEST = 10
ADDED = 0.1  # answers added to each class where shares are estimated
PURE = 0.9


def evaluate(data: Path) -> pd.DataFrame:
    """Return a row for each way to group, mean of five draws of the teacher's labels."""
    corpus = read_noisy_labels(data)
    features = corpus.features - corpus.features.mean(axis=0)
    features /= features.std(axis=0).mean()
    weak, truth = corpus.given, corpus.truth
    print(f"weak labels right: {(weak == truth).mean():.1%}")
    rows = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        teacher = _teach(features, truth, rng)
        half = rng.random(len(truth)) < 0.5
        ways = {"weak alone": weak, "teacher alone": teacher}
        for variant in VARIANTS:
            ways[variant] = sub_pseudo_labels(weak, teacher, variant, n_min=SMALLEST).groups
        for like in ("merged", "full"):
            number = int(ways[like].max()) + 1
            ways[f"k-means, as many as {like}"] = KMeans(
                number, n_init=1, random_state=seed
            ).fit_predict(features)
        rows += [_measure(groups, truth, half) | {"way": way} for way, groups in ways.items()]
    return pd.DataFrame(rows).groupby("way", sort=False).mean()


def _teach(features: Floats, truth: Ints, rng: np.random.Generator) -> Ints:
    clean = [
        rng.choice(np.flatnonzero(truth == c), CLEAN_PER_CLASS, replace=False)
        for c in np.unique(truth)
    ]
    rows = np.concatenate(clean)
    predicted: Ints = (
        LogisticRegression(max_iter=300).fit(features[rows], truth[rows]).predict(features)
    )
    print(f"teacher right: {(predicted == truth).mean():.1%}")
    return predicted


def _measure(groups: Ints, truth: Ints, half: Bools) -> dict[str, float]:
    """Return what the groups say of the classes, and what one half's answers say of the other's."""
    counts, answered, asked = (
        pd.crosstab(groups[rows], truth[rows])
        .reindex(index=range(groups.max() + 1), columns=range(truth.max() + 1), fill_value=0)
        .to_numpy()
        for rows in (groups >= 0, (groups >= 0) & half, (groups >= 0) & ~half)
    )
    sizes = counts.sum(axis=1, keepdims=True)
    shares = counts / sizes
    guessed = answered + ADDED
    guessed /= guessed.sum(axis=1, keepdims=True)
    likeliest = answered.argmax(axis=1)[:, None]
    return {
        "groups": len(counts),
        "covered": counts.sum() / len(truth),
        "bits": -(counts * np.log2(np.where(counts, shares, 1))).sum() / counts.sum(),
        "bits, other half": -(asked * np.log2(guessed)).sum() / asked.sum(),
        "right, other half": np.take_along_axis(asked, likeliest, axis=1).sum() / asked.sum(),
        "in pure groups": sizes[shares.max(axis=1) >= PURE].sum() / len(truth),
    }


if __name__ == "__main__":
    print(evaluate(Path(sys.argv[1])).round(3).to_string())
