from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from annotate.review.orders import typical, unit_rows
from annotate.review.orders.context import OrderContext
from annotate.review.orders.typical import TypicalOrder, in_turn, most_typical
from annotate.review.prediction_summary import summarise_nothing
from tests.fakes import ArrayRows

N_CELLS = 5
SIZES = (30, 10, 40, 25, 15)


@pytest.fixture
def cells(monkeypatch):
    """The cell of each item; as many cells are looked for as there are."""
    monkeypatch.setattr(typical, "NEW_CELLS", N_CELLS)
    monkeypatch.setattr(typical, "MOST_CELLS", N_CELLS)
    return np.repeat(np.arange(N_CELLS), SIZES)


@pytest.fixture
def features(rng, cells):
    """Tight groups in directions of their own."""
    noise = rng.normal(scale=0.05, size=(len(cells), 8))
    return (np.eye(N_CELLS, 8)[cells] + noise).astype(np.float32)


def rank(features, labels=None, rows=None, seed=0):
    n_items = len(features)
    labels = np.full(n_items, -1) if labels is None else labels
    rows = np.flatnonzero(labels < 0) if rows is None else rows
    sources = SimpleNamespace(features=lambda: ArrayRows(features))
    context = OrderContext(rows, labels, 2, seed, sources)
    return TypicalOrder().rank(summarise_nothing(n_items), context)


def test_it_asks_one_item_of_each_group_before_a_second_of_any(features, cells):
    asked = cells[rank(features)]
    assert asked[:N_CELLS].tolist() == np.argsort([-n for n in SIZES]).tolist()
    assert sorted(asked[N_CELLS : 2 * N_CELLS]) == list(range(N_CELLS))


def reference_typicality(vectors, row):
    """The definition: one over the mean distance to the 20 nearest of the same cell."""
    distances = sorted(np.linalg.norm(vectors - vectors[row], axis=1).tolist())[1:]
    return 1 / np.mean(distances[:20])


def test_the_first_of_a_group_has_the_nearest_neighbours(features, cells):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for row in rank(features)[:N_CELLS]:
        members = np.flatnonzero(cells == cells[row])
        typicalities = [reference_typicality(unit[members], m) for m in range(len(members))]
        assert row == members[np.argmax(typicalities)]


def test_an_item_alone_in_its_cell_is_typical_of_it():
    assert most_typical(np.eye(3, dtype=np.float32), np.array([2, 0, 1])).tolist() == [1, 2, 0]
    assert most_typical(np.zeros((0, 3), dtype=np.float32), np.zeros(0, dtype=int)).tolist() == []


def test_cells_of_fewer_than_five_items_come_last():
    cells, keys = np.array([0] * 4 + [1] * 5), np.arange(9.0)
    turns = in_turn(cells, keys, np.array([0, 3]), np.array([4, 5]))
    assert cells[turns].tolist() == [1] * 5 + [0] * 4


def test_groups_with_labels_wait_for_those_with_fewer(features, cells):
    labels = np.full(len(cells), -1)
    labels[np.flatnonzero(cells == 2)[:3]] = 0
    labels[np.flatnonzero(cells == 0)[:1]] = 1
    asked = cells[rank(features, labels)]
    assert asked[:3].tolist() == [3, 4, 1]
    assert 2 not in asked[:11] and 2 in asked[11:16]


def test_items_without_features_come_last(features):
    features[[3, 77]] = np.nan
    assert rank(features)[-2:].tolist() == [3, 77]
    features[:] = np.nan
    assert rank(features).tolist() == list(range(len(features)))


def test_the_length_of_a_vector_does_not_matter(features, rng):
    scaled = features * rng.uniform(0.5, 2, (len(features), 1)).astype(np.float32)
    assert set(rank(features)[:N_CELLS]) == set(rank(scaled)[:N_CELLS])


def test_equal_items_and_fewer_items_than_cells_do_no_harm():
    assert sorted(rank(np.ones((4, 3), dtype=np.float32))) == [0, 1, 2, 3]
    assert sorted(rank(np.zeros((4, 3), dtype=np.float32))) == [0, 1, 2, 3]


def test_more_items_than_the_sample_holds_are_all_ranked(features, cells, monkeypatch):
    monkeypatch.setattr(typical, "SAMPLE_ROWS", 40)
    monkeypatch.setattr(unit_rows, "ROWS_AT_ONCE", 7)
    ranked = rank(features)
    assert sorted(ranked) == list(range(len(cells)))
    assert len(set(cells[ranked[:N_CELLS]])) == N_CELLS


def reference_turns(cells, keys, n_labels_in, n_items_in):
    """The definition: one greedy choice after another."""
    counts, left, out = list(n_labels_in), set(range(len(cells))), []
    while left:
        chosen = min(
            left, key=lambda i: (counts[cells[i]], -n_items_in[cells[i]], cells[i], keys[i], i)
        )
        counts[cells[chosen]] += 1
        left.remove(chosen)
        out.append(chosen)
    return out


def test_turns_are_those_of_one_choice_after_another(rng):
    cells, keys = rng.integers(0, 6, 60), rng.random(60)
    n_labels_in, n_items_in = rng.integers(0, 4, 6), rng.integers(10, 13, 6)
    expected = reference_turns(cells.tolist(), keys, n_labels_in, n_items_in)
    assert in_turn(cells, keys, n_labels_in, n_items_in).tolist() == expected
