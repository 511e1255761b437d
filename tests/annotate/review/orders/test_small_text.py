"""Orders beside small-text's query strategies on the same arrays, where small-text is installed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from annotate.review.orders.context import OrderContext
from annotate.review.prediction_summary import summarise_prediction
from annotate.review.queue import queue_orders
from tests.fakes import ArrayRows

pytest.importorskip("small_text", reason="needs small-text: pip install small-text==1.4.1")

N_ITEMS, N_LABELLED, N_CLASSES, N_PICKS = 400, 30, 5, 25


@pytest.fixture
def corpus(rng):
    """Unit vectors and probabilities; the first 30 items have a label."""
    vectors = rng.normal(size=(N_ITEMS, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, rng.dirichlet(np.ones(N_CLASSES), N_ITEMS).astype(np.float32)


def picks(name, vectors, proba):
    summary = summarise_prediction(ArrayRows(proba.copy()), N_ITEMS, np.ones(N_CLASSES, dtype=bool))
    labels = np.where(np.arange(N_ITEMS) < N_LABELLED, 0, -1)
    sources = SimpleNamespace(
        features=lambda: ArrayRows(vectors), prediction=lambda: ArrayRows(proba)
    )
    context = OrderContext(np.flatnonzero(labels < 0), labels, N_CLASSES, 0, sources)
    return queue_orders.make(name).rank(summary, context)[:N_PICKS].tolist()


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("least_confidence", "LeastConfidence"),
        ("margin", "BreakingTies"),
        ("entropy", "PredictionEntropy"),
    ],
)
def test_uncertainty_picks_are_small_texts(corpus, name, strategy):
    import small_text

    proba = corpus[1]
    model = SimpleNamespace(predict_proba=lambda dataset: proba)
    found = getattr(small_text, strategy)().query(
        model,
        np.arange(N_ITEMS),
        np.arange(N_LABELLED, N_ITEMS),
        np.arange(N_LABELLED),
        np.zeros(N_LABELLED, dtype=int),
        n=N_PICKS,
    )
    assert set(picks(name, *corpus)) == set(np.asarray(found).tolist())


def test_k_centre_picks_are_those_of_its_greedy_core_set(corpus):
    from small_text.query_strategies.coresets import greedy_coreset

    vectors, proba = corpus
    # It takes a pick's place among the unlabelled for its row in x, so ours stand first here.
    turned = np.roll(vectors, -N_LABELLED, axis=0)
    n_open = N_ITEMS - N_LABELLED
    found = greedy_coreset(
        turned,
        np.arange(n_open),
        np.arange(n_open, N_ITEMS),
        N_PICKS,
        distance_metric="euclidean",
        normalized=True,
    )
    assert picks("k_centre", vectors, proba) == (found + N_LABELLED).tolist()


def test_contrastive_picks_are_its_own_if_only_labelled_items_are_neighbours(corpus):
    """The paper's neighbours have labels; small-text takes any item, the item itself included."""
    from sklearn.neighbors import NearestNeighbors
    from small_text import ContrastiveActiveLearning

    vectors, proba = corpus
    neighbours = NearestNeighbors(n_neighbors=10).fit(vectors[:N_LABELLED])
    strategy = ContrastiveActiveLearning(k=10, pbar=None)
    open_rows = np.arange(N_LABELLED, N_ITEMS)
    found = strategy._contrastive_active_learning(
        np.arange(N_ITEMS), vectors, proba, open_rows, neighbours, N_PICKS
    )
    assert set(picks("contrastive", vectors, proba)) == set(open_rows[found].tolist())
