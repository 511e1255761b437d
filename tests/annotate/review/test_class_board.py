from __future__ import annotations

import numpy as np

from annotate.review.class_board import class_rows, most_suspicious
from annotate.review.prediction_summary import PredictionSummary, summarise_nothing
from annotate.schema import new_schema

SOURCES = ("none", "human", "pseudo")


def summary(predicted, confidence):
    nan = np.full(len(predicted), np.nan, dtype=np.float32)
    return PredictionSummary(
        np.array(predicted, dtype=np.int32), np.array(confidence, dtype=np.float32), nan, nan
    )


def test_each_class_counts_its_labels_and_predictions():
    labels, sources = np.array([0, 0, 1, -1]), np.array([1, 2, 1, 0])
    rows = class_rows(
        new_schema(["cat", "dog", "owl"]), labels, sources, SOURCES,
        summary([0, 1, 1, -1], [0.9, 0.5, 0.7, np.nan]),
    )  # fmt: skip
    assert [row.n_by_source for row in rows] == [
        {"human": 1, "pseudo": 1}, {"human": 1, "pseudo": 0}, {"human": 0, "pseudo": 0},
    ]  # fmt: skip
    assert [row.n_predicted for row in rows] == [1, 2, 0]
    np.testing.assert_allclose([rows[0].mean_confidence, rows[1].mean_confidence], [0.9, 0.6])
    assert rows[2].mean_confidence is None


def test_without_items_every_count_is_zero():
    rows = class_rows(
        new_schema(["a", "b"]), np.array([], int), np.array([], int), SOURCES, summarise_nothing(0)
    )
    assert [(row.n_labels, row.n_predicted) for row in rows] == [(0, 0), (0, 0)]


def test_the_label_that_the_prediction_speaks_against_most_comes_first():
    labels = np.array([0, 0, 0, 0, 0, -1, 1, -1])
    predicted = [0, 1, 1, 0, -1, 0, 0, 1]
    confidence = [0.9, 0.6, 0.8, 0.4, np.nan, 0.5, 0.9, 0.9]
    found = most_suspicious(0, labels, summary(predicted, confidence), 10)
    assert found.tolist() == [2, 1, 3, 5, 0, 4]
    assert most_suspicious(0, labels, summary(predicted, confidence), 2).tolist() == [2, 1]
