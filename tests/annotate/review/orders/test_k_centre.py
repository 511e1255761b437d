from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from annotate.review.orders import k_centre, unit_rows
from annotate.review.orders.context import OrderContext
from annotate.review.orders.k_centre import KCentreOrder
from annotate.review.prediction_summary import summarise_nothing
from tests.fakes import ArrayRows

N_ITEMS = 300
N_PICKS = 120  # later ones lie closer together than cosines are told apart


@pytest.fixture
def features(rng):
    return rng.normal(size=(N_ITEMS, 12)).astype(np.float32)


@pytest.fixture
def labels():
    return np.where(np.arange(N_ITEMS) % 60 == 7, 0, -1)


def rank(features, labels):
    sources = SimpleNamespace(features=lambda: ArrayRows(features))
    context = OrderContext(np.flatnonzero(labels < 0), labels, 2, 0, sources)
    return KCentreOrder().rank(summarise_nothing(len(features)), context).tolist()


def reference_picks(features, centres, n_picks):
    """Sener and Savarese, algorithm 1: add what is farthest from its nearest centre."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    distances, centres = cdist(unit, unit), list(centres)
    n_before = len(centres)
    while len(centres) < n_before + n_picks:
        centres.append(int(distances[:, centres].min(axis=1).argmax()))
    return centres[n_before:]


# In a small pool few picks are certain, and the corpus is read again and again.
@pytest.mark.parametrize("pool", [2, 20, 8_192])
def test_each_pick_is_the_one_farthest_from_labels_and_earlier_picks(
    features, labels, monkeypatch, pool
):
    monkeypatch.setattr(k_centre, "POOL_ROWS", pool)
    monkeypatch.setattr(unit_rows, "ROWS_AT_ONCE", 64)
    labelled = np.flatnonzero(labels >= 0)
    assert rank(features, labels)[:N_PICKS] == reference_picks(features, labelled, N_PICKS)


def test_without_labels_it_begins_at_the_mean(features):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    first = int((unit @ unit.mean(axis=0)).argmax())
    ranked = rank(features, np.full(N_ITEMS, -1))
    assert ranked[:N_PICKS] == [first, *reference_picks(features, [first], N_PICKS - 1)]


def test_after_the_picks_items_follow_by_distance(features, labels, monkeypatch):
    monkeypatch.setattr(k_centre, "MOST_PICKS", 10)
    ranked, labelled = rank(features, labels), np.flatnonzero(labels >= 0)
    picks = reference_picks(features, labelled, 10)
    assert ranked[:10] == picks
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    nearest = cdist(unit, unit[[*labelled, *picks]]).min(axis=1)
    assert ranked[10:] == sorted(ranked[10:], key=lambda row: -nearest[row])


def test_items_without_features_come_last_and_count_for_nothing(features, labels):
    features[[3, 7, 200]] = np.nan  # 7 has a label
    assert rank(features, labels)[-2:] == [3, 200]
    features[:] = np.nan
    assert rank(features, labels) == np.flatnonzero(labels < 0).tolist()


def test_doubles_of_what_has_a_label_keep_item_order_at_the_end(features, labels):
    features[50:] = features[7]
    ranked = rank(features, labels)
    assert set(ranked[:49]) == set(range(50)) - {7}
    assert ranked[49:] == [row for row in range(50, N_ITEMS) if labels[row] < 0]
