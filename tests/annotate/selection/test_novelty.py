from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import SelectionContext
from annotate.selection import novelty
from annotate.selection.novelty import Novelty, distances_within, neighbours_to_count
from tests.fakes import ArrayRows


def make_proba(n_items):
    return np.tile(np.array([[0.6, 0.4]], dtype=np.float32), (n_items, 1))


def make_context(features, labels, **others):
    return SelectionContext(
        labels=np.array(labels), features=ArrayRows(np.asarray(features, np.float32)), **others
    )


def literal_verdicts(features, labels, share):
    """Item by item: the k-th nearest label against the limit that the labels set themselves."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    bank = [row for row in range(len(labels)) if labels[row] >= 0]
    sizes = [list(labels).count(c) for c in set(labels[bank].tolist())]
    k = max(1, int(0.03 * min(sizes)))

    def kth(row, others):
        return sorted(np.linalg.norm(unit[row] - unit[other]) for other in others)[k - 1]

    within = sorted(kth(row, [other for other in bank if other != row]) for row in bank)
    limit = within[max(int(np.ceil(share * len(within))) - 1, 0)]
    return {row: kth(row, bank) <= limit for row in range(len(labels)) if labels[row] < 0}


@pytest.mark.parametrize(("n_labels", "share"), [(30, 0.95), (30, 0.5), (240, 0.9)])
def test_judges_every_item_as_the_definition_does(rng, monkeypatch, n_labels, share):
    features = rng.normal(size=(400, 4))
    labels = np.full(400, -1)
    labels[rng.permutation(400)[:n_labels]] = rng.integers(0, 2, n_labels)
    monkeypatch.setattr(novelty, "QUERIES_PER_BLOCK", 37)
    selection = Novelty(share).select(make_proba(400), make_context(features, labels))
    verdicts = dict(zip(selection.rows.tolist(), selection.accepted.tolist(), strict=True))
    assert verdicts == literal_verdicts(features, labels, share)
    assert 0 < sum(verdicts.values()) < len(verdicts)


def test_rejects_what_lies_apart_and_says_so():
    angles = np.array([0.0, 0.1, 1.5, 1.6, 0.05, 0.75, 3.0])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    context = make_context(features * 7, [0, 0, 1, 1, -1, -1, -1])
    selection = Novelty("0.95").select(make_proba(7), context)
    # Labels lie 0.1 rad from each other; items 0.05, 0.65 and 1.4 rad from the nearest label.
    assert selection.accepted.tolist() == [True, False, False]
    assert "95%" in selection.reason_names[selection.reasons[1]]


def test_copies_of_a_labelled_item_count_as_other_items():
    apart = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [-1, 0]], dtype=np.float32)
    np.testing.assert_allclose(distances_within(apart, 1), [0, 0, 0, 2**0.5, 2**0.5], atol=1e-6)
    np.testing.assert_allclose(distances_within(apart, 2), [0, 0, 0, 2**0.5, 2], atol=1e-6)
    np.testing.assert_allclose(
        distances_within(apart, 3), [2**0.5, 2**0.5, 2**0.5, 2**0.5, 2], atol=1e-6
    )


def test_counts_three_in_a_hundred_of_the_smallest_class_that_has_labels():
    assert neighbours_to_count(np.repeat([0, 2], [500, 199])) == 5
    assert neighbours_to_count(np.array([0, 2])) == 1


def test_items_without_features_are_rejected_with_their_own_reason():
    features = [[1, 0], [1, 0.1], [np.nan, np.nan], [1, 0.05]]
    selection = Novelty().select(make_proba(4), make_context(features, [0, 1, -1, -1]))
    assert selection.accepted.tolist() == [False, True]
    assert "no features" in selection.reason_names[selection.reasons[0]]


def test_a_labelled_item_without_features_sets_no_limit():
    features = [[1, 0], [1, 0.1], [np.nan, np.nan], [1, 0.05], [-1, 0]]
    selection = Novelty().select(make_proba(5), make_context(features, [0, 1, 1, -1, -1]))
    assert selection.accepted.tolist() == [True, False]


@pytest.mark.parametrize(
    "context",
    [
        make_context(np.eye(3), [0, -1, -1]),
        make_context(np.eye(3), [0, 1, -1], training=np.array([0, -1, -1])),
        make_context([[np.nan] * 3, *np.eye(3)[1:]], [0, 1, -1]),
    ],
)
def test_needs_two_labels_that_may_teach(context):
    with pytest.raises(NotReadyError, match=r"got 1.*annotate review"):
        Novelty().select(make_proba(3), context)


def test_without_features_it_says_which_step_is_missing():
    with pytest.raises(NotReadyError, match="annotate embed"):
        Novelty().select(make_proba(3), SelectionContext(labels=np.array([0, 1, -1])))


def test_a_share_must_be_a_share():
    with pytest.raises(ConfigError, match="0 to 1; got 'most'"):
        Novelty("most")
