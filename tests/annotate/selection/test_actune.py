from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.protocols import SelectionContext
from annotate.selection.actune import AcTune, find_regions, running_mean
from annotate.selection.candidates import find_candidates
from tests.fakes import ArrayRows


@pytest.fixture
def proba(rng):
    return rng.dirichlet([0.8, 0.4, 0.4], size=400)


@pytest.fixture
def context(rng, proba):
    labels = np.where(np.arange(400) % 20 == 0, rng.integers(0, 3, 400), -1)
    features = rng.normal(size=(400, 4)).astype(np.float32)
    history = [rng.dirichlet([0.8, 0.4, 0.4], size=400), proba**2 / (proba**2).sum(1)[:, None]]
    return SelectionContext(
        labels=labels, features=ArrayRows(features), history=history, round_no=3, n_rounds=4
    )


def literal_mean(proba, context, item):
    first, second = (said[item] for said in context.history)
    mean = 0.85 * second + 0.15 * first  # round 2 of 4
    return 0.875 * proba[item] + 0.125 * mean  # round 3 of 4


def entropy(shares):
    return -sum(p * log(p) for p in shares if p > 0)


def test_the_running_mean_is_that_of_the_recursion(proba, context):
    found = find_candidates(proba, context)
    confidence, uncertainty = running_mean(proba, context, found)
    means = [literal_mean(proba, context, item) for item in found.rows]
    own = [mean[c] for mean, c in zip(means, found.classes, strict=True)]
    np.testing.assert_allclose(confidence, own, rtol=1e-5)
    np.testing.assert_allclose(uncertainty, [entropy(m) / log(3) for m in means], rtol=1e-5)


def test_takes_the_surest_of_the_surest_regions(proba, context):
    found = find_candidates(proba, context)
    confidence, uncertainty = running_mean(proba, context, found)
    regions = find_regions(found, uncertainty, context)
    scores = {}
    for region in range(10):
        inside = regions == region
        shares = np.bincount(found.classes[inside], minlength=3) / inside.sum()
        scores[region] = uncertainty[inside].mean() * log(3) + 0.5 * entropy(shares)
    expected = []
    for region in sorted(scores, key=scores.get)[:5]:
        may = [at for at in np.flatnonzero(regions == region) if confidence[at] > 0.6]
        expected += sorted(may, key=lambda at: uncertainty[at])[:5]
    selection = AcTune().select(proba, context)
    assert np.flatnonzero(selection.accepted).tolist() == sorted(expected)
    assert set(selection.reasons) == {0, 1, 2, 3}


def test_pseudo_labels_weigh_together_as_much_as_given_ones(proba, context):
    selection = AcTune().select(proba, context)
    assert selection.weights.sum() == pytest.approx((context.labels >= 0).sum())


def test_a_round_without_an_answer_is_left_out(proba, context):
    silent = replace(context, history=[np.full((400, 3), np.nan)])
    selection = AcTune().select(proba, silent)
    alone = AcTune().select(proba, replace(context, history=()))
    np.testing.assert_array_equal(selection.accepted, alone.accepted)


def test_regions_found_on_a_sample_cover_every_item(proba, context, monkeypatch):
    monkeypatch.setattr("annotate.selection.actune.MOST_CLUSTERED", 50)
    context.features.values[7] = np.nan
    found = find_candidates(proba, context)
    regions = find_regions(found, np.ones(len(found.rows)), context)
    assert found.rows[regions < 0].tolist() == [7]
    assert set(regions) == {-1, *range(10)}


def test_a_teacher_without_doubt_has_regions_too(context):
    sure = np.eye(3)[np.arange(400) % 3]
    assert AcTune().select(sure, replace(context, history=())).accepted.sum() == 25


def test_without_features_it_says_what_to_run(proba, context):
    with pytest.raises(NotReadyError, match="annotate embed"):
        AcTune().select(proba, replace(context, features=None))
