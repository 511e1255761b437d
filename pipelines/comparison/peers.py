"""Other libraries' ways to choose whom to ask, in the loop of plain margin sampling.

None is a dependency: those that are not installed are left out, with one line.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from annotate.errors import NotReadyError
from annotate.protocols import Bools, Floats, Ints
from pipelines.comparison.plain_margin import Choose, Curve, asking_curve, margin_curve

SMALL_TEXT = {
    "small_text_breaking_ties": "BreakingTies",
    "small_text_least_confidence": "LeastConfidence",
    "small_text_entropy": "PredictionEntropy",
    "small_text_contrastive": "ContrastiveActiveLearning",
    "small_text_coreset": "GreedyCoreset",
}
CLEANLAB = "cleanlab_activelab"
PEERS = ("plain_margin", *SMALL_TEXT, CLEANLAB)


def peer_curve(
    name: str, features: Floats, truth: Ints, *, until: float, most: int, batch: int, seed: int
) -> Curve:
    """Return how right the corpus is labelled while the peer chooses whom to ask.

    Raises
    ------
    NotReadyError
        If the library is not installed.
    """
    if name == "plain_margin":
        return margin_curve(features, truth, until=until, most=most, batch=batch, seed=seed)
    make = small_text_choice if name in SMALL_TEXT else cleanlab_choice
    choose = make(name, features, truth, seed)
    return asking_curve(features, truth, choose, until=until, most=most, batch=batch, seed=seed)


def load(module: str, distribution: str) -> Any:
    """Return the module of another library; raise NotReadyError where it is not installed."""
    if find_spec(module.partition(".")[0]) is None:
        raise NotReadyError(
            f"This peer needs the package {distribution}; it is not installed."
            f" Run `pip install {distribution}`."
        )
    return import_module(module)


def small_text_choice(name: str, features: Floats, truth: Ints, seed: int) -> Choose:
    """Return a query strategy of small-text."""
    strategy = getattr(load("small_text", "small-text"), SMALL_TEXT[name])()
    dataset = EmbeddedDataset(np.asarray(features, dtype=np.float32))

    def choose(model: LogisticRegression, answered: Bools, n: int) -> Ints:
        # Some strategies draw from numpy's global generator.
        np.random.seed(seed + int(answered.sum()))
        answered_rows, open_rows = np.flatnonzero(answered), np.flatnonzero(~answered)
        classifier = FittedClassifier(model)
        chosen = strategy.query(
            classifier, dataset, open_rows, answered_rows, truth[answered_rows], n=n
        )
        return np.asarray(chosen)

    return choose


class EmbeddedDataset:
    """Features as small-text asks for them."""

    def __init__(self, features: Floats) -> None:
        self.x = features

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Any) -> EmbeddedDataset:
        return EmbeddedDataset(np.atleast_2d(self.x[rows]))


class FittedClassifier:
    """A fitted model as small-text asks for it."""

    def __init__(self, model: LogisticRegression) -> None:
        self._model = model

    def predict_proba(self, dataset: EmbeddedDataset) -> Floats:
        """Return (n, n_classes)."""
        return np.asarray(self._model.predict_proba(dataset.x))

    def embed(self, dataset: EmbeddedDataset, **options: Any) -> Floats | tuple[Floats, Floats]:
        """Return (n, dim); with ``return_proba`` the probabilities too."""
        if options.get("return_proba"):
            return dataset.x, self.predict_proba(dataset)
        return dataset.x


def cleanlab_choice(name: str, features: Floats, truth: Ints, seed: int) -> Choose:
    """Return ActiveLab of cleanlab (Goh & Mueller 2023), for items with one answer each."""
    score = load("cleanlab.multiannotator", "cleanlab").get_active_learning_scores

    def choose(model: LogisticRegression, answered: Bools, n: int) -> Ints:
        open_rows, rows = np.flatnonzero(~answered), np.flatnonzero(answered)
        numbers = np.searchsorted(model.classes_, truth[rows])
        _, scores = score(
            numbers[:, None],
            model.predict_proba(features[rows]),
            model.predict_proba(features[open_rows]),
        )
        return open_rows[np.argsort(scores, kind="stable")[:n]]

    return choose
