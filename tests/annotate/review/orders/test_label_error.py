from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from annotate.review.orders.context import OrderContext
from annotate.review.orders.label_error import LabelErrorOrder
from annotate.review.prediction_summary import summarise_prediction
from tests.fakes import ArrayRows


def test_the_least_likely_labels_come_first_and_open_items_after_them(rng):
    proba = rng.dirichlet(np.ones(4), size=60).astype(np.float32)
    labels = np.where(np.arange(60) < 25, rng.integers(0, 4, 60), -1)
    summary = summarise_prediction(ArrayRows(proba.copy()), 60, np.ones(4, dtype=bool))
    sources = SimpleNamespace(prediction=lambda: ArrayRows(proba))
    rows = np.arange(1, 60, 2)
    ranked = LabelErrorOrder().rank(summary, OrderContext(rows, labels, 4, 0, sources)).tolist()

    def normalised_margin(row):
        others = np.delete(proba[row], labels[row])
        return proba[row, labels[row]] - others.max()

    doubted = [row for row in rows.tolist() if labels[row] >= 0 and normalised_margin(row) < 0]
    n_doubted = len(doubted)
    assert ranked[:n_doubted] == sorted(doubted, key=normalised_margin)
    rest = [row for row in rows.tolist() if labels[row] < 0]
    assert ranked[-len(rest) :] == sorted(rest, key=lambda row: summary.margin[row])
