"""What label models make of the votes that came with a corpus, beside majority vote.

``python -m pipelines.evaluate_label_model F.parquet`` takes a table with the columns ``label`` and
``weak_labels``, class numbers, -1 for abstentions, and prints accuracy and macro F1 over the items
with a vote and over those whose votes conflict.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from annotate.quality.dawid_skene import dawid_skene
from annotate.quality.label_model import fit_label_model
from annotate.quality.votes import in_conflict, vote_shares

SEEDS = range(5)
N_LABELS = (50, 200)
Proba = NDArray[np.floating[Any]]


def evaluate(path: Path) -> pd.DataFrame:
    """Return a row for each method, in % ; ties count by chance in accuracy."""
    table = pd.read_parquet(path)
    truth = table["label"].to_numpy()
    votes = np.stack(table["weak_labels"].to_numpy())
    n_classes = int(max(truth.max(), votes.max())) + 1
    voted = (votes >= 0).any(axis=1)
    conflict = in_conflict(votes, n_classes)
    methods: dict[str, list[Proba]] = {
        "majority_vote": [vote_shares(votes, n_classes)],
        "dawid_skene": [_consensus(votes, n_classes)],
        "label_model:uniform": [fit_label_model(votes, n_classes).predict_proba(votes)],
        "label_model:estimated": [
            fit_label_model(votes, n_classes, estimate_balance=True).predict_proba(votes)
        ],
        "label_model, true shares": [_given(votes, truth, n_classes)],
    }
    for n_labels in N_LABELS:
        methods[f"label_model:labels, {n_labels} drawn"] = [
            _given(votes, _draw(truth, n_labels, seed), n_classes) for seed in SEEDS
        ]
    rows = {
        name: {
            "accuracy": _mean(_accuracy, probas, truth, voted),
            "macro_f1": _mean(_macro_f1, probas, truth, voted),
            "conflict_accuracy": _mean(_accuracy, probas, truth, conflict),
            "conflict_macro_f1": _mean(_macro_f1, probas, truth, conflict),
        }
        for name, probas in methods.items()
    }
    print(
        f"{len(truth):,} items, {voted.mean():.1%} with a vote, {conflict.mean():.1%} in conflict"
    )
    return pd.DataFrame.from_dict(rows, orient="index")


def _consensus(votes: NDArray[Any], n_classes: int) -> Proba:
    rows, functions = np.nonzero(votes >= 0)
    items, places = np.unique(rows, return_inverse=True)
    voters = np.unique(functions, return_inverse=True)[1]
    proba = np.full((len(votes), n_classes), np.nan)
    proba[items] = dawid_skene(places, voters, votes[rows, functions], n_classes).proba
    return proba


def _given(votes: NDArray[Any], labels: NDArray[Any], n_classes: int) -> Proba:
    counts = np.bincount(labels, minlength=n_classes) + 1.0
    return fit_label_model(votes, n_classes, balance=counts / counts.sum()).predict_proba(votes)


def _draw(truth: NDArray[Any], n_labels: int, seed: int) -> NDArray[Any]:
    return truth[np.random.default_rng(seed).permutation(len(truth))[:n_labels]]


def _mean(score: Any, probas: list[Proba], truth: NDArray[Any], at: NDArray[np.bool_]) -> str:
    values = [100 * score(proba[at], truth[at]) for proba in probas]
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{np.mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _accuracy(proba: Proba, truth: NDArray[Any]) -> float:
    ties = np.isclose(proba, proba.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    return float((ties[np.arange(len(truth)), truth] / ties.sum(axis=1)).mean())


def _macro_f1(proba: Proba, truth: NDArray[Any]) -> float:
    return float(f1_score(truth, proba.argmax(axis=1), average="macro", labels=np.unique(truth)))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(evaluate(Path(argument)).to_string())
