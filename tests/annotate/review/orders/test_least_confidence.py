from __future__ import annotations

import numpy as np

from annotate.review.orders.context import OrderContext
from annotate.review.orders.least_confidence import LeastConfidenceOrder
from annotate.review.prediction_summary import summarise_prediction
from tests.fakes import ArrayRows


def test_the_least_likely_likeliest_class_comes_first(rng):
    proba = rng.dirichlet(np.ones(4), size=60).astype(np.float32)
    summary = summarise_prediction(ArrayRows(proba.copy()), 60, np.ones(4, dtype=bool))
    rows = np.arange(1, 60, 2)
    ranked = LeastConfidenceOrder().rank(summary, OrderContext(rows, np.full(60, -1), 4))
    assert ranked.tolist() == sorted(rows.tolist(), key=lambda row: max(proba[row]))
