from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.neighbors import NearestNeighbors

from annotate.protocols import SelectionContext
from annotate.selection import SELECTORS
from annotate.selection.growing import equal_classes_fit
from annotate.selection.growing_share import GrowingShare
from annotate.selection.quota import GrowingQuota


def corpus(sizes, *, bias, seed=0):
    """Clouds of the given sizes, their neighbours, and a teacher that prefers class 0 by bias."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    centres = 3 * np.eye(len(sizes), 8)
    points = centres[labels] + rng.standard_normal((len(labels), 8))
    nearest = NearestNeighbors(n_neighbors=16).fit(points).kneighbors(points)[1][:, 1:]
    logits = points @ centres.T
    logits[:, 0] += bias
    return labels, softmax(logits, axis=1), nearest


def context(labels, nearest, **settings):
    given = np.full(len(labels), -1)
    return SelectionContext(labels=given, neighbours=nearest, n_rounds=5, **settings)


@pytest.mark.parametrize("seed", range(5))
def test_equal_classes_get_quotas_and_a_biased_teacher_is_put_right(seed: int):
    labels, proba, nearest = corpus([200, 200, 200], bias=4, seed=seed)
    given = context(labels, nearest, round_no=5)
    assert equal_classes_fit(proba, given)
    chosen = SELECTORS.make("growing").select(proba, given)
    expected = GrowingQuota().select(proba, given)
    np.testing.assert_array_equal(chosen.labels(600), expected.labels(600))
    right = chosen.labels(600) == labels
    assert right.mean() > (proba.argmax(axis=1) == labels).mean() + 0.02


@pytest.mark.parametrize("seed", range(5))
def test_unequal_classes_keep_their_shares(seed: int):
    labels, proba, nearest = corpus([450, 100, 50], bias=0, seed=seed)
    given = context(labels, nearest, round_no=5)
    assert not equal_classes_fit(proba, given)
    chosen = SELECTORS.make("growing").select(proba, given)
    np.testing.assert_array_equal(
        chosen.labels(600), GrowingShare().select(proba, given).labels(600)
    )
    assert (chosen.labels(600) == labels).mean() > 0.95


def test_without_neighbours_the_teachers_shares_stand():
    labels, proba, _ = corpus([30, 30], bias=2)
    assert not equal_classes_fit(proba, context(labels, None, round_no=1))


def test_a_corpus_with_all_labels_given_is_no_error():
    labels, proba, nearest = corpus([30, 30], bias=0)
    given = SelectionContext(labels=labels, neighbours=nearest)
    assert len(SELECTORS.make("growing").select(proba, given).rows) == 0


def test_a_retired_class_takes_no_part_of_the_equal_shares():
    labels, proba, nearest = corpus([200, 200], bias=3)
    proba = np.concatenate([proba, np.zeros((400, 1))], axis=1)
    given = context(labels, nearest, round_no=5, class_active=np.array([True, True, False]))
    assert equal_classes_fit(proba, given)
    assert set(SELECTORS.make("growing").select(proba, given).labels(400)) <= {-1, 0, 1}


@pytest.mark.parametrize("seed", range(3))
def test_later_in_a_chain_it_still_asks_the_whole_corpus(seed: int):
    labels, proba, nearest = corpus([450, 100, 50], bias=0, seed=seed)
    given = context(labels, nearest, candidates=np.where(np.arange(600) % 2, labels, -1))
    assert not equal_classes_fit(proba, given)


def test_fewer_open_items_than_classes_say_nothing_about_sizes():
    labels, proba, nearest = corpus([30, 30, 30], bias=0)
    given = labels.copy()
    given[[0, 40]] = -1
    assert not equal_classes_fit(proba, SelectionContext(labels=given, neighbours=nearest))
