from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.review.orders import like
from annotate.review.orders.context import OrderContext
from annotate.review.orders.like import LikeOrder
from annotate.review.prediction_summary import summarise_nothing
from tests.fakes import ArrayRows

GROUPS = np.arange(90) % 3


@pytest.fixture
def features(rng):
    """Three groups in directions of their own, in turn."""
    noise = rng.normal(scale=0.05, size=(len(GROUPS), 6))
    return (np.eye(3, 6)[GROUPS] + noise).astype(np.float32)


def rank(features, labels, class_name=None):
    sources = SimpleNamespace(
        features=lambda: ArrayRows(features), class_no={"owl": 0, "wren": 1, "robin": 2}.get
    )
    context = OrderContext(np.flatnonzero(labels < 0), labels, 3, 0, sources)
    return LikeOrder(class_name).rank(summarise_nothing(len(features)), context)


def labels_of(*rows):
    labels = np.full(len(GROUPS), -1)
    labels[list(rows)] = GROUPS[list(rows)]
    return labels


def test_the_open_items_like_the_labelled_ones_of_the_class_come_first(features):
    labels = labels_of(0, 1, 3, 4, 8)
    assert (GROUPS[rank(features, labels, "wren")[:28]] == 1).all()
    assert (GROUPS[rank(features, labels, "robin")[:29]] == 2).all()


def test_without_a_class_it_is_all_labels_that_items_must_be_like(features):
    ranked = rank(features, labels_of(0, 1))
    assert (GROUPS[ranked[:58]] != 2).all()
    assert (GROUPS[ranked[58:]] == 2).all()
    assert set(GROUPS[ranked[:2]]) == {0, 1}  # each label has its turn


def test_after_the_coreset_items_follow_by_their_nearest_centre(features, monkeypatch):
    monkeypatch.setattr(like, "MOST_PICKS", 4)
    ranked = rank(features, labels_of(0, 1, 2))
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    closest = np.round(unit @ unit[:3].T, 5).max(axis=1)
    assert ranked[4:].tolist() == sorted(ranked[4:], key=lambda row: (-closest[row], row))


def test_items_without_features_come_last_and_are_like_nothing(features):
    features[[0, 30, 31]] = np.nan
    labels = labels_of(0, 3)
    assert rank(features, labels)[-2:].tolist() == [30, 31]
    assert (GROUPS[rank(features, labels, "owl")[:27]] == 0).all()


def test_without_a_label_there_is_nothing_to_be_like(features):
    with pytest.raises(NotReadyError, match="needs items labelled robin"):
        rank(features, labels_of(0, 1), "robin")
    with pytest.raises(NotReadyError, match="needs items that have a label"):
        rank(features, labels_of())
    features[0] = np.nan
    with pytest.raises(NotReadyError, match="labelled owl, with features"):
        rank(features, labels_of(0), "owl")


def test_it_says_what_the_item_is_like():
    assert LikeOrder("owl").because == "it is like items labelled owl"
    assert LikeOrder().because == "it is like items that have a label"
