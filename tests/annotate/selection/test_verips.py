from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from annotate.protocols import SelectionContext
from annotate.selection.uncertainty import normalised_entropy
from annotate.selection.verips import VERIPS


def context(n_items, **settings):
    return SelectionContext(labels=np.full(n_items, -1), **settings)


def certainty(row):
    return 1 + sum(p * log(p) for p in row if p > 0) / log(len(row))


def test_accepts_what_is_certain_and_did_not_change(rng):
    before, proba = (rng.dirichlet([1, 0.05, 0.05], size=200) for _ in range(2))
    expected = [
        int(now.argmax()) if certainty(now) >= 0.9 and now.argmax() == then.argmax() else -1
        for now, then in zip(proba, before, strict=True)
    ]
    selection = VERIPS().select(proba, context(200, history=[before]))
    assert selection.labels(200).tolist() == expected
    assert set(selection.reasons) == {0, 1, 2}


def test_only_the_last_round_verifies():
    proba, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert VERIPS().select(proba, context(1, history=[other, proba])).accepted.all()
    assert not VERIPS().select(proba, context(1, history=[proba, other])).accepted.any()


def test_without_history_or_an_answer_in_it_entropy_alone_decides():
    proba = np.array([[0.99, 0.01], [0.95, 0.05]])
    silent = [np.full((2, 2), np.nan)]
    for history in ([], silent):
        selection = VERIPS().select(proba, context(2, history=history))
        assert selection.accepted.tolist() == [True, False]


def test_the_first_item_alone_is_accepted_as_any_other():
    """A sum over positions takes item 0 alone for none at all."""
    proba = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert VERIPS().select(proba, context(2)).labels(2).tolist() == [0, -1]


def test_certainty_is_over_the_classes_in_use():
    # Certain of a third class that is retired: what is left is undecided.
    proba = np.array([[0.005, 0.005, 0.99], [0.0, 0.0, 1.0], [0.99, 0.005, 0.005]])
    active = np.array([True, True, False])
    selection = VERIPS().select(proba, replace(context(3), class_active=active))
    assert selection.labels(3).tolist() == [-1, -1, 0]


@pytest.mark.parametrize("n_classes", [2, 7])
def test_entropy_is_0_for_one_class_and_1_for_all_alike(n_classes):
    proba = np.array([np.eye(n_classes)[0], np.full(n_classes, 1 / n_classes)])
    np.testing.assert_allclose(normalised_entropy(proba, n_classes), [0, 1], atol=1e-12)
    np.testing.assert_allclose(normalised_entropy(proba, 1), 0)
