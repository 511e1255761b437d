from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import ConfigError
from annotate.protocols import SelectionContext
from annotate.selection import candidates
from annotate.selection.quota import GrowingQuota, Quota, growing_quota


def open_context(n_items, **settings):
    return SelectionContext(labels=np.full(n_items, -1), **settings)


def reference_quota(proba, k):
    """The definition, slowly: each class claims its k likeliest; the likelier claim wins."""
    best = {}
    for c in range(proba.shape[1]):
        for row in sorted(range(len(proba)), key=lambda i: (-proba[i, c], i))[:k]:
            if row not in best or proba[row, c] > proba[row, best[row]]:
                best[row] = c
    return [best.get(row, -1) for row in range(len(proba))]


@given(seed=st.integers(0, 10_000), k=st.integers(1, 12), coarse=st.booleans())
def test_accepts_what_the_definition_says(seed, k, coarse):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(3), size=30).astype(np.float32)
    if coarse:  # many ties
        proba = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 30)] * 0.5 + 1 / 6
    assert Quota(k).select(proba, open_context(30)).labels(30).tolist() == reference_quota(proba, k)


def test_blocks_equal_the_whole(rng, monkeypatch):
    proba = rng.dirichlet(np.ones(4), size=50).astype(np.float32)
    whole = Quota(5).select(proba, open_context(50))
    monkeypatch.setattr(candidates, "ROWS_PER_BLOCK", 7)
    blocks = Quota(5).select(proba, open_context(50))
    np.testing.assert_array_equal(whole.rows, blocks.rows)
    np.testing.assert_array_equal(whole.reasons, blocks.reasons)


def test_an_item_may_be_accepted_for_another_class_than_its_likeliest():
    proba = np.array([[0.6, 0.4], [0.9, 0.1], [0.8, 0.2]])
    selection = Quota(1).select(proba, open_context(3))
    assert selection.labels(3).tolist() == [1, 0, -1]
    assert selection.rows.tolist() == [0, 0, 1, 2]
    names = [selection.reason_names[r] for r in selection.reasons]
    assert names[0] == "accepted for another class"
    assert names[3] == "not among its class's most confident"


def test_a_class_that_loses_a_claim_does_not_refill():
    proba = np.array([[0.6, 0.4], [0.9, 0.1]])
    # Item 0 is the best of class 1; item 1 of class 0; with k = 2 both claim both.
    assert Quota(2).select(proba, open_context(2)).labels(2).tolist() == [0, 0]


def test_retired_classes_accept_nothing(rng):
    context = open_context(20, class_active=np.array([True, False, True]))
    labels = Quota(6).select(rng.dirichlet(np.ones(3), size=20), context).labels(20)
    assert set(labels) <= {-1, 0, 2}


@pytest.mark.parametrize(
    ("round_no", "expected"), [(1, 50), (2, 100), (9, 450), (10, 500), (12, 500)]
)
def test_the_quota_grows_as_published(round_no, expected):
    assert growing_quota(5000, 10, round_no, 10) == expected


def test_the_last_round_of_two_equal_classes_takes_all(rng):
    scores = rng.permutation(np.linspace(0.01, 0.99, 40))
    proba = np.stack([scores, 1 - scores], axis=1)
    context = open_context(40, round_no=5, n_rounds=5)
    np.testing.assert_array_equal(
        GrowingQuota().select(proba, context).labels(40), proba.argmax(axis=1)
    )


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5"])
def test_a_quota_that_is_no_count_is_refused(text):
    with pytest.raises(ConfigError, match="whole number"):
        Quota(text)


def test_a_class_of_probability_0_claims_nothing_however_large_the_quota():
    proba = np.array([[0.6, 0.4, 0.0], [0.7, 0.3, 0.0], [0.0, 1.0, 0.0]])
    for selector in (Quota(3), GrowingQuota()):
        labels = selector.select(proba, SelectionContext(labels=np.full(3, -1))).labels(3)
        assert 2 not in labels
    assert Quota(3).select(proba, SelectionContext(labels=np.full(3, -1))).labels(3).tolist() == [
        0, 0, 1,
    ]  # fmt: skip
