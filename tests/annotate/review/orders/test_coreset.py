from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from annotate.review.orders import coreset, unit_rows
from annotate.review.orders.coreset import cosines_with, pick_coreset, target_centres
from tests.fakes import ArrayRows


def literal_greedy(near, n_most, patience, stop_below):
    """SimCore slowly: in each round every centre takes its best of what is left."""
    left = [item for item in range(near.shape[1]) if near[0, item] >= -1]
    picks, values = [], []
    while left and len(picks) < n_most:
        best = [max(left, key=lambda item: (row[item], -item)) for row in near]
        values.append(np.mean([row[item] for row, item in zip(near, best, strict=True)]))
        if len(values) > patience and values[-1] < stop_below * values[patience - 1]:
            break
        highest = {
            item: max(row[item] for row, b in zip(near, best, strict=True) if b == item)
            for item in best
        }
        picks += sorted(highest, key=lambda item: (-highest[item], item))
        left = [item for item in left if item not in highest]
    return picks[:n_most]


@pytest.mark.parametrize("n_most", [1, 20, 1000])
@pytest.mark.parametrize("patience", [2, 20])
@pytest.mark.parametrize("n_centres", [1, 7])
def test_picks_are_those_of_the_literal_rounds(rng, monkeypatch, n_centres, patience, n_most):
    monkeypatch.setattr(coreset, "PATIENCE", patience)
    # To one digit, so that many are equal.
    near = np.round(rng.uniform(-1, 1, (n_centres, 150)), 1).astype(np.float32)
    near[:, ::13] = coreset.NEVER
    expected = literal_greedy(near, n_most, patience, 0.95)
    assert pick_coreset(near, n_most).tolist() == expected


def test_rounds_end_once_what_is_left_is_much_less_alike(monkeypatch):
    near = np.array([[0.9, 0.9, 0.86, 0.85, 0.9]], dtype=np.float32)
    monkeypatch.setattr(coreset, "PATIENCE", 2)
    assert pick_coreset(near, 5).tolist() == [0, 1, 4, 2]


def test_an_item_that_several_centres_want_is_picked_once():
    near = np.array([[0.9, 0.8, 0.1], [0.7, 0.2, 0.6], [0.1, 0.3, 0.5]], dtype=np.float32)
    assert pick_coreset(near, 3).tolist() == [0, 2, 1]


def test_a_pool_of_nothing_gives_nothing():
    assert len(pick_coreset(np.full((2, 4), coreset.NEVER, dtype=np.float32), 3)) == 0
    assert len(pick_coreset(np.zeros((2, 0), dtype=np.float32), 3)) == 0


@pytest.fixture
def digits(rng):
    """A pool of digits and as much again of scrambled ones, and 40 targets: threes and eights."""
    pixels, truth = load_digits(return_X_y=True)
    wanted = rng.permutation(np.flatnonzero(np.isin(truth, (3, 8))))
    scrambled = rng.permuted(pixels[rng.choice(len(pixels), 1500, replace=False)], axis=1)
    rest = np.delete(np.arange(len(pixels)), wanted[:40])
    pool = np.concatenate([pixels[rest], scrambled]).astype(np.float32)
    is_wanted = np.concatenate([np.isin(truth[rest], (3, 8)), np.zeros(1500, dtype=bool)])
    return pixels[wanted[:40]].astype(np.float32), pool, is_wanted


def test_most_of_what_is_picked_for_threes_and_eights_is_one(digits, monkeypatch):
    monkeypatch.setattr(coreset, "PATIENCE", 3)
    targets, pool, is_wanted = digits
    centres = target_centres(targets, np.random.default_rng(0))
    near = cosines_with(ArrayRows(pool), np.arange(len(pool)), centres)
    picks = pick_coreset(near, 50 * len(targets))
    assert is_wanted.mean() < 0.1
    assert is_wanted[picks[:100]].mean() >= 0.9
    assert 100 < len(picks) < 400  # it halts by itself, where the cap is 2,000
    assert is_wanted[picks].mean() > 5 * is_wanted.mean()


def test_centres_are_the_targets_up_to_a_hundred_and_a_hundred_of_more(rng):
    targets = rng.normal(size=(300, 5)).astype(np.float32)
    few = target_centres(targets[:100], np.random.default_rng(0))
    np.testing.assert_allclose(few, unit_rows.unit(targets[:100]))
    many = target_centres(targets, np.random.default_rng(0))
    assert len(many) == 100
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("n_rows", [1, 9])
def test_cosines_do_not_depend_on_the_block_and_are_below_all_without_features(
    rng, monkeypatch, n_rows
):
    features = rng.normal(size=(40, 6)).astype(np.float32)
    features[3] = np.nan
    centres, rows = unit_rows.unit(features[:2]), np.arange(1, 40, 2)
    whole = cosines_with(ArrayRows(features), rows, centres)
    assert (whole[:, 1] == coreset.NEVER).all()
    monkeypatch.setattr(unit_rows, "ROWS_AT_ONCE", n_rows)
    np.testing.assert_array_equal(cosines_with(ArrayRows(features), rows, centres), whole)
