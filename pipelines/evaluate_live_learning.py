"""What answers would do live: how right the live student is after a few, beside what it corrects.

    python -m pipelines.evaluate_live_learning DIR --truth F [--seeds N]

DIR is a project with a prediction, F a truth file. The truth answers the first items of the queue,
once a seed, and measures on the items that nobody has decided. Nothing is stored.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from annotate.cli.output import print_table
from annotate.protocols import NO_LABEL, Floats, Ints
from annotate.review.prediction_summary import summarise_prediction
from annotate.review.queue import DEFAULT_ORDER, build_queue, queue_orders
from annotate.steps.corpus_view import current_features
from annotate.steps.evaluate import read_truth
from annotate.steps.given_labels import read_given_labels
from annotate.steps.predicting import StoredProba, current_prediction
from annotate.steps.workspace import open_workspace
from annotate.training.correction import Correction, unit_features
from annotate.training.linear import Linear

N_ANSWERS = (0, 5, 20, 50, 200)
METHODS = ("prediction", "probe", "live")


def run(folder: Path, truth: Path, seeds: int) -> dict[tuple[str, int], list[float]]:
    """Return for each method and number of answers the accuracy under each seed."""
    workspace = open_workspace(folder)
    given, n_classes = read_given_labels(workspace), workspace.schema.n_classes
    rows, classes = read_truth(workspace, truth)
    true_class = np.full(len(given.current), NO_LABEL)
    true_class[rows[rows >= 0]] = classes[rows >= 0]
    record = current_prediction(workspace)
    assert record is not None, "the project has no prediction; run `annotate predict`"
    stored = StoredProba(workspace.store, record["prediction_id"], workspace.schema)
    base = stored.read_all(len(true_class))
    summary = summarise_prediction(stored, len(true_class), np.ones(n_classes, dtype=bool))
    features = current_features(workspace, len(true_class))
    raw, unit = features.read(0, len(true_class)), unit_features(features)
    workspace.close()

    found: dict[tuple[str, int], list[float]] = {}
    is_open = (given.current == NO_LABEL) & (true_class != NO_LABEL)
    for seed in range(seeds):
        queue = build_queue(
            summary, queue_orders.make(DEFAULT_ORDER), is_open=is_open,
            labels=given.current, n_classes=n_classes, seed=seed,
        )  # fmt: skip
        for n in N_ANSWERS:
            labels = given.training.copy()
            labels[queue[:n]] = true_class[queue[:n]]
            undecided = queue[n:]
            for method, proba in predict_by_each(raw, unit, labels, base):
                right = proba[undecided].argmax(axis=1) == true_class[undecided]
                found.setdefault((method, n), []).append(float(right.mean()))
    return found


def predict_by_each(
    raw: Floats, unit: Floats, labels: Ints, base: NDArray[np.float32]
) -> list[tuple[str, NDArray[np.float32]]]:
    """Return each method's prediction of the corpus; the probe's only once it has two classes."""
    rows = np.flatnonzero(labels != NO_LABEL)
    predictions = [("prediction", base)]
    if len(np.unique(labels[rows])) > 1:
        probe = Linear(n_classes=base.shape[1]).fit(raw[rows], labels[rows])
        predictions.append(("probe", probe.predict_proba(raw)))
    live = base
    if len(rows):
        live = Correction().fit(unit[rows], labels[rows], base[rows]).log_proba(unit, base)
    return [*predictions, ("live", live)]


def show(found: dict[tuple[str, int], list[float]]) -> None:
    """Print mean accuracies, and the worst of the live student against what it corrects."""
    rows: list[tuple[object, ...]] = [
        (name, *(mean(found[name, n]) if (name, n) in found else None for n in N_ANSWERS))
        for name in METHODS
    ]
    pairs = {n: zip(found["live", n], found["prediction", n], strict=True) for n in N_ANSWERS}
    rows.append(("live, worst gain", *(min(a - b for a, b in pairs[n]) for n in N_ANSWERS)))
    print_table(("accuracy on undecided items", *(f"{n} answers" for n in N_ANSWERS)), rows)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.evaluate_live_learning")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--truth", type=Path, required=True, metavar="F")
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    arguments = parser.parse_args()
    show(run(arguments.folder, arguments.truth, arguments.seeds))


if __name__ == "__main__":
    main()
