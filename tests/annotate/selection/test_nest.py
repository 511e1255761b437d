from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.protocols import SelectionContext
from annotate.selection import nest
from annotate.selection.nest import NeST, divergences
from tests.fakes import ArrayRows


@pytest.fixture
def proba(rng):
    return rng.dirichlet([0.3, 0.2, 0.1], size=200).astype(np.float32)


@pytest.fixture
def context(rng):
    labels = np.where(np.arange(200) % 20 == 0, rng.integers(0, 3, 200), -1)
    features = rng.normal(size=(200, 5)).astype(np.float32)
    return SelectionContext(labels=labels, features=ArrayRows(features))


def kl(p, q):
    return sum(a * (log(max(a, 1e-7)) - log(max(b, 1e-7))) for a, b in zip(p, q, strict=True))


def literal_divergence(proba, context, item):
    features = context.features.values / np.linalg.norm(
        context.features.values, axis=1, keepdims=True
    )
    labelled = np.flatnonzero(context.labels >= 0)
    near = labelled[np.argsort(-features[labelled] @ features[item])[:7]]
    own = [kl(proba[item], proba[n]) for n in near]
    pairs = [kl(proba[a], proba[b]) for a in near for b in near if a != b]
    return sum(own) / 7 + 0.1 * sum(pairs) / len(pairs)


def test_divergence_is_that_of_the_definition(proba, context, monkeypatch):
    monkeypatch.setattr(nest, "ROWS_AT_ONCE", 37)
    rows = np.flatnonzero(context.labels < 0)
    expected = [literal_divergence(proba, context, item) for item in rows]
    np.testing.assert_allclose(divergences(proba, context, rows), expected, rtol=1e-4, atol=1e-5)


def test_takes_the_least_divergent_and_of_those_the_confident(proba, context):
    labels = np.where(np.arange(200) < 100, context.labels, -1)
    context = replace(context, training=labels, labels=labels)  # 5 labels: 50 items
    rows = np.flatnonzero(labels < 0)
    scores = divergences(proba, context, rows)
    least = sorted(range(len(rows)), key=lambda place: scores[place])[:50]
    expected = sorted(int(rows[at]) for at in least if proba[rows[at]].max() > 0.9)
    selection = NeST().select(proba, context)
    assert selection.rows[selection.accepted].tolist() == expected
    assert set(selection.reasons) == {0, 1, 2}
    taken = selection.reasons != 1
    assert scores[taken].max() <= scores[~taken].min()


def test_an_item_that_contradicts_its_labelled_neighbours_comes_last():
    proba = np.array([[0.95, 0.05]] * 12 + [[0.05, 0.95]])
    labels = np.r_[0, np.full(12, -1)]
    features = ArrayRows(np.ones((13, 2), dtype=np.float32))
    selection = NeST().select(proba, SelectionContext(labels=labels, features=features))
    assert selection.rows[selection.accepted].tolist() == list(range(1, 11))
    assert not selection.accepted[-1]


def test_divergence_is_over_the_classes_in_use(proba, context):
    rows = np.flatnonzero(context.labels < 0)
    active = np.array([True, True, False])
    among_two = proba[:, :2] / proba[:, :2].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        divergences(proba, replace(context, class_active=active), rows),
        divergences(among_two, context, rows),
        rtol=1e-4,
        atol=1e-5,
    )


def test_an_item_without_features_is_rejected(proba, context):
    context.features.values[7] = np.nan
    selection = NeST().select(proba, context)
    assert 7 in selection.rows
    assert not selection.accepted[selection.rows == 7].any()


def test_says_what_is_missing(proba, context):
    with pytest.raises(NotReadyError, match="annotate embed"):
        NeST().select(proba, replace(context, features=None))
    with pytest.raises(NotReadyError, match="labelled items"):
        NeST().select(proba, replace(context, training=np.full(200, -1)))
