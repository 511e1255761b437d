from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_digits

from annotate.errors import ConfigError, NotReadyError, SourceError
from annotate.schema import new_schema
from annotate.teachers.propagation import (
    Propagation,
    every_other_label,
    neighbour_graph,
    propagate_labels,
)
from tests.fakes import FakeView


def by_definition(weights, labels, n_classes, alpha):
    """Zhou et al., literally: F <- alpha S F + (1 - alpha) Y until it stands still."""
    degree = weights.sum(axis=1)
    s = weights / np.sqrt(np.outer(degree, degree))
    y = np.eye(n_classes)[labels] * (labels >= 0)[:, None]
    f = y.copy()
    for _ in range(20_000):
        f = alpha * s @ f + (1 - alpha) * y
    return f / f.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("alpha", [0.5, 0.99])
def test_agrees_with_the_iteration_of_the_paper(rng, alpha):
    weights = rng.uniform(0.5, 2, size=(40, 40)) * (rng.uniform(size=(40, 40)) < 0.2)
    weights = np.triu(weights, 1)
    weights += weights.T
    weights += np.diag(np.ones(39), 1) + np.diag(np.ones(39), -1)  # one piece
    labels = np.full(40, -1)
    labels[:20] = np.arange(20) % 18  # more classes than are solved at a time
    expected = by_definition(weights, labels, 18, alpha)
    proba = propagate_labels(sparse.csr_array(weights), labels, 18, alpha)
    np.testing.assert_allclose(proba, expected, atol=1e-3)


def test_a_chain_between_two_labels_is_divided_in_the_middle():
    ones = np.ones(4)
    chain = sparse.diags_array([ones, ones], offsets=[-1, 1]).tocsr()
    proba = propagate_labels(chain, np.array([0, -1, -1, -1, 1]), 2)
    np.testing.assert_allclose(proba[2], [0.5, 0.5], atol=1e-3)
    np.testing.assert_allclose(proba[:, 0], proba[::-1, 1], atol=1e-3)
    assert (np.diff(proba[:, 0]) < 0).all()


def test_what_no_label_reaches_has_no_answer():
    pairs = sparse.csr_array(([1.0, 1.0, 1.0, 1.0], ([0, 1, 2, 3], [1, 0, 3, 2])), shape=(5, 5))
    proba = propagate_labels(pairs, np.array([1, -1, -1, -1, 0]), 2)
    np.testing.assert_allclose(proba[[0, 1, 4]], [[0, 1], [0, 1], [1, 0]])
    assert np.isnan(proba[[2, 3]]).all()


def test_neighbours_join_both_ways_and_nobody_with_itself():
    graph = neighbour_graph(np.array([[1, 2], [0, 1], [1, 0]], dtype=np.int32)).toarray()
    np.testing.assert_array_equal(graph, [[0, 1, 1], [1, 0, 1], [1, 1, 0]])


def test_items_without_features_get_no_answer(rng):
    view = FakeView(rng.normal(size=(12, 3)), labels=np.array([0, 1, 2] + [-1] * 9))
    alone = view.neighbours(10)
    alone[alone == 7] = alone[0, 0]
    alone[7] = 7
    view.neighbours = lambda k: alone[:, :k]
    teacher = Propagation()
    teacher.fit(view)
    proba = teacher.predict_proba(view, np.arange(12))
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [7]


@pytest.fixture
def edges_file(tmp_path):
    def write(rows, columns=("source", "target")):
        pd.DataFrame(rows, columns=list(columns)).to_csv(tmp_path / "edges.csv", index=False)
        return tmp_path / "edges.csv"

    return write


def test_a_given_graph_is_read_by_item_ids(rng, edges_file):
    view = FakeView(rng.normal(size=(5, 2)), labels=np.array([0, -1, 1, -1, -1]))
    path = edges_file([("0", "1"), ("1", "0"), ("3", "2"), ("4", "9"), ("4", "4")])
    teacher = Propagation(str(path))
    teacher.fit(view)
    proba = teacher.predict_proba(view, np.arange(5))
    np.testing.assert_allclose(proba[:4, :2], [[1, 0], [1, 0], [0, 1], [0, 1]], atol=1e-6)
    assert np.isnan(proba[4]).all()
    assert view.features().n_rows_read == 0
    assert teacher.parameters()["source"].tolist() == [0, 2]
    assert teacher.parameters()["target"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([("0", "1")], ("from", "to"), "source and target"),
        ([("0", "77")], ("source", "target"), "none of the 1"),
        ([("0", "1", "-2")], ("source", "target", "weight"), "row 1 .* has '-2'"),
        ([("0", "1", "much")], ("source", "target", "weight"), "has 'much'"),
    ],
)
def test_a_file_that_is_no_graph_is_refused(rng, edges_file, rows, columns, message):
    view = FakeView(rng.normal(size=(3, 2)), labels=np.array([0, 1, -1]))
    with pytest.raises(SourceError, match=message):
        Propagation(edges_file(rows, columns)).fit(view)
    with pytest.raises(SourceError, match="cannot be read"):
        Propagation("nowhere.csv").fit(view)


def test_it_needs_two_classes_and_one_class_an_item(rng):
    with pytest.raises(NotReadyError, match="propagation needs labels"):
        Propagation().fit(FakeView(rng.normal(size=(4, 2))))
    multi = FakeView(rng.normal(size=(4, 2)), schema=new_schema(["a", "b"], task="multi"))
    with pytest.raises(ConfigError, match="propagation"):
        Propagation().fit(multi)


def test_five_labels_a_class_are_enough_for_most_digits(rng):
    X, truth = load_digits(return_X_y=True)
    labels = np.full(len(truth), -1)
    for digit in range(10):
        chosen = rng.choice(np.flatnonzero(truth == digit), 5, replace=False)
        labels[chosen] = digit
    view = FakeView(X, labels, new_schema([str(digit) for digit in range(10)]))
    teacher = Propagation()
    teacher.fit(view)
    proba = teacher.predict_proba(view, np.arange(len(X)))[labels < 0]
    right = proba.argmax(axis=1) == truth[labels < 0]
    assert right.mean() > 0.9
    # 25 labels were left out to tell how sure to be.
    assert abs(proba.max(axis=1).mean() - right.mean()) < 0.15


def test_every_other_label_of_a_class_is_left_out():
    labels = np.array([1, -1, 1, 0, 1, 2, 2, 1])
    assert np.flatnonzero(every_other_label(labels)).tolist() == [2, 6, 7]
