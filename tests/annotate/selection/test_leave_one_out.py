from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.compute.nearest import nearest_neighbours
from annotate.errors import NotReadyError
from annotate.protocols import SelectionContext
from annotate.selection import leave_one_out
from annotate.selection.leave_one_out import LeaveOneOut, find_cut
from tests.fakes import ArrayRows


def literal_selection(proba, labels, features, neighbours):
    """Item by item: its support, and the cut from how often neighbours have equal classes."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    says = np.where(labels >= 0, labels, proba.argmax(axis=1))
    open_rows = [row for row in range(len(labels)) if labels[row] < 0]
    support, equal = [], []
    for row in open_rows:
        near = [other for other in neighbours[row] if other != row]
        weights = [np.exp(unit[row] @ unit[other] / 0.07) for other in near]
        alike = [w for w, other in zip(weights, near, strict=True) if says[other] == says[row]]
        support.append(sum(alike) / sum(weights))
        partner = next((other for other in near if labels[other] < 0), None)
        equal += [] if partner is None else [says[partner] == says[row]]
    n_classes = proba.shape[1]
    rates = np.linspace(0, 1 - 1 / n_classes, 1_000_001)
    rate = rates[np.abs((1 - rates) ** 2 + rates**2 / (n_classes - 1) - np.mean(equal)).argmin()]
    cut = sorted(support)[int(rate * len(support))]
    return [s >= cut and s > 0 for s in support]


@pytest.fixture
def clusters(rng):
    truth = rng.integers(0, 3, 200)
    features = (2 * np.eye(5)[truth] + rng.normal(size=(200, 5))).astype(np.float32)
    said = np.where(rng.random(200) < 0.3, rng.integers(0, 3, 200), truth)
    proba = (0.2 + 0.4 * np.eye(3)[said]).astype(np.float32)
    context = SelectionContext(
        labels=np.where(np.arange(200) % 9 == 0, truth, -1),
        features=ArrayRows(features),
        neighbours=nearest_neighbours(ArrayRows(features), 6),
    )
    return truth, proba, context


def test_judges_every_item_as_the_definition_does(clusters, monkeypatch):
    _, proba, context = clusters
    monkeypatch.setattr(leave_one_out, "ROWS_PER_BLOCK", 31)
    accepted = LeaveOneOut().select(proba, context).accepted
    features = context.features.values
    assert accepted.tolist() == literal_selection(
        proba, context.labels, features, context.neighbours
    )
    assert 0 < accepted.sum() < len(accepted)


def test_wrong_labels_are_rejected_more_often_than_right_ones(clusters):
    truth, proba, context = clusters
    selection = LeaveOneOut().select(proba, context)
    is_right = selection.classes == truth[selection.rows]
    assert selection.accepted[is_right].mean() > selection.accepted[~is_right].mean() + 0.5


def test_a_given_label_outvotes_the_teacher():
    features = ArrayRows(np.array([[1, 0], [1, 0.1], [1, -0.1]], dtype=np.float32))
    context = SelectionContext(
        labels=np.array([-1, 1, 1]), features=features, neighbours=np.array([[1, 2]] * 3)
    )
    proba = np.array([[0.9, 0.1]] * 3, dtype=np.float32)
    selection = LeaveOneOut().select(proba, context)
    assert selection.accepted.tolist() == [False]
    # Held back, the two labels have no vote and nothing supports or contradicts the item.
    held_back = replace(context, training=np.full(3, -1))
    selection = LeaveOneOut().select(proba, held_back)
    assert "no neighbour" in selection.reason_names[selection.reasons[0]]


def test_an_item_that_fills_its_own_places_does_not_support_itself(clusters):
    _, proba, context = clusters
    alone = replace(context, neighbours=np.arange(200)[:, None].repeat(6, axis=1))
    selection = LeaveOneOut().select(proba, alone)
    assert not selection.accepted.any()
    assert (selection.reasons == 2).all()


@pytest.mark.parametrize(
    ("noise_rate", "cut"), [(0.0, 0.1), (0.19, 0.1), (0.2, 0.3), (0.5, 0.3), (0.8, 0.9)]
)
def test_the_cut_leaves_out_the_estimated_share_but_does_not_part_equals(noise_rate, cut):
    support = np.array([0.3, np.nan, 0.9, 0.1, 0.3, 0.8])
    assert find_cut(support, noise_rate) == cut


@pytest.mark.parametrize("missing", ["neighbours", "features"])
def test_without_features_it_says_which_step_is_missing(clusters, missing):
    _, proba, context = clusters
    with pytest.raises(NotReadyError, match="annotate embed"):
        LeaveOneOut().select(proba, replace(context, **{missing: None}))
