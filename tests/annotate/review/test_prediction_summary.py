from __future__ import annotations

import numpy as np

from annotate.review import prediction_summary
from annotate.review.prediction_summary import summarise_nothing, summarise_prediction


class InMemory:
    """Rows over an array."""

    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.float32)
        self.shape = self.values.shape

    def read(self, start, stop):
        return self.values[start:stop].copy()


def reference(row):
    """The definition for one row of probabilities."""
    first, second = sorted(row, reverse=True)[:2]
    entropy = -sum(p * np.log(p) for p in row if p > 0)
    return row.index(first), first, first - second, entropy


def test_summary_follows_the_definition_in_any_block_size(rng, monkeypatch):
    monkeypatch.setattr(prediction_summary, "_BLOCK_VALUES", 8)
    proba = rng.dirichlet(np.ones(4), 9)
    summary = summarise_prediction(InMemory(proba), 9, np.ones(4, dtype=bool))
    expected = [reference(row) for row in proba.tolist()]
    columns = (summary.predicted, summary.confidence, summary.margin, summary.entropy)
    np.testing.assert_allclose(np.stack(columns, axis=1), expected, atol=1e-5)


def test_a_row_of_nan_and_an_item_added_since_have_no_answer():
    proba = InMemory([[np.nan, np.nan], [0.2, 0.8]])
    summary = summarise_prediction(proba, 3, np.ones(2, dtype=bool))
    assert summary.predicted.tolist() == [-1, 1, -1]
    assert np.isnan(summary.margin).tolist() == [True, False, True]


def test_a_retired_class_is_never_predicted_and_its_share_goes_to_the_rest():
    active = np.array([False, True, True])
    summary = summarise_prediction(InMemory([[0.5, 0.3, 0.2], [1, 0, 0]]), 2, active)
    assert summary.predicted.tolist() == [1, -1]
    np.testing.assert_allclose(summary.confidence[0], 0.6, atol=1e-6)


def test_a_class_added_since_the_prediction_changes_nothing():
    proba = InMemory([[0.9, 0.1]])
    summary = summarise_prediction(proba, 1, np.ones(3, dtype=bool))
    assert (summary.predicted[0], round(float(summary.margin[0]), 4)) == (0, 0.8)


def test_no_prediction_answers_nothing():
    assert not summarise_nothing(3).answered.any()
