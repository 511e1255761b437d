from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import rel_entr

from annotate.review.orders import contrastive
from annotate.review.orders.context import OrderContext
from annotate.review.orders.contrastive import ContrastiveOrder
from annotate.review.prediction_summary import summarise_prediction
from tests.fakes import ArrayRows

N_ITEMS, N_CLASSES = 80, 4


@pytest.fixture
def corpus(rng):
    """Features, probabilities, and labels of every fifth item."""
    features = rng.normal(size=(N_ITEMS, 6)).astype(np.float32)
    proba = rng.dirichlet(np.ones(N_CLASSES), N_ITEMS).astype(np.float32)
    labels = np.where(np.arange(N_ITEMS) % 5 == 0, 1, -1)
    return features, proba, labels


def rank(features, proba, labels):
    summary = summarise_prediction(
        ArrayRows(proba.copy()), len(labels), np.ones(proba.shape[1], dtype=bool)
    )
    sources = SimpleNamespace(
        features=lambda: ArrayRows(features), prediction=lambda: ArrayRows(proba)
    )
    rows = np.flatnonzero((labels < 0) & summary.answered)
    context = OrderContext(rows, labels, proba.shape[1], 0, sources)
    return ContrastiveOrder().rank(summary, context).tolist()


def reference_score(features, proba, labels, row):
    """Margatina et al., algorithm 1: the mean KL(p_l || p) over 10 labelled neighbours."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    labelled = np.flatnonzero(labels >= 0)
    nearest = labelled[np.argsort(-(unit[labelled] @ unit[row]), kind="stable")[:10]]
    return np.mean([rel_entr(proba[item], proba[row]).sum() for item in nearest])


def test_the_order_is_that_of_the_papers_score(corpus):
    ranked = rank(*corpus)
    assert ranked == sorted(ranked, key=lambda row: -reference_score(*corpus, row))


@pytest.mark.parametrize("n_rows", [1, 7])
def test_the_order_does_not_depend_on_the_block(corpus, monkeypatch, n_rows):
    expected = rank(*corpus)
    monkeypatch.setattr(contrastive, "ROWS_AT_ONCE", n_rows)
    assert rank(*corpus) == expected


def test_fewer_than_ten_labels_are_all_neighbours(corpus):
    features, proba, labels = corpus
    labels[15:] = -1
    ranked = rank(features, proba, labels)
    scores = {
        row: np.mean([rel_entr(proba[item], proba[row]).sum() for item in (0, 5, 10)])
        for row in ranked
    }
    assert ranked == sorted(ranked, key=lambda row: -scores[row])


def test_the_smallest_margin_comes_first_before_any_label(corpus):
    features, proba, _ = corpus
    best = np.sort(proba, axis=1)
    ranked = rank(features, proba, np.full(N_ITEMS, -1))
    assert ranked == sorted(ranked, key=lambda row: best[row, -1] - best[row, -2])


def test_what_has_no_features_or_no_answer_is_no_neighbour_and_comes_last(corpus):
    features, proba, labels = corpus
    features[[10, 33, 71]] = np.nan
    proba[20] = np.nan
    ranked = rank(features, proba, labels)
    assert ranked[-2:] == [33, 71]
    labels[[10, 20]] = -1
    assert ranked == [row for row in rank(features, proba, labels) if row != 10]


def test_a_class_that_is_ruled_out_where_neighbours_see_it_comes_first():
    features = np.ones((4, 2), dtype=np.float32)
    proba = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0], [0.5, 0.5]], dtype=np.float32)
    assert rank(features, proba, np.array([0, -1, -1, -1])) == [2, 1, 3]
