from __future__ import annotations

import numpy as np

from annotate.protocols import SelectionContext
from annotate.selection.ups import UPS, balance


def context(n_items, history=(), round_no=10):
    return SelectionContext(
        labels=np.full(n_items, -1), history=history, round_no=round_no, n_rounds=10
    )


def test_accepts_what_is_sure_and_steady_over_the_rounds(rng):
    rounds = [rng.dirichlet([8, 1], size=200) for _ in range(3)]
    *history, proba = rounds
    expected = []
    for item in range(200):
        own = [said[item, proba[item].argmax()] for said in rounds]
        sure = np.mean(own) >= 0.7 and np.std(own) < 0.05
        expected.append(int(proba[item].argmax()) if sure else -1)
    selection = UPS().select(proba, context(200, history))
    assert selection.labels(200).tolist() == expected
    assert set(selection.reasons) == {0, 1, 2}


def test_in_the_first_round_nothing_varies():
    proba = np.array([[0.9, 0.1], [0.71, 0.29], [0.69, 0.31]])
    assert UPS().select(proba, context(3)).labels(3).tolist() == [0, 0, -1]


def test_a_round_without_an_answer_is_left_out():
    history = [np.array([[np.nan, np.nan], [0.2, 0.8]])]
    proba = np.array([[0.9, 0.1], [0.9, 0.1]])
    assert UPS().select(proba, context(2, history)).labels(2).tolist() == [0, -1]


def test_early_rounds_keep_as_many_of_each_class_as_of_the_smallest_and_25_at_least():
    confidence = np.r_[np.linspace(0.8, 0.99, 60), np.full(30, 0.1)]
    proba = np.c_[confidence, 1 - confidence]
    early = UPS().select(proba, context(90, round_no=3)).labels(90)
    assert np.flatnonzero(early == 0).tolist() == list(range(30, 60))  # the 30 most confident
    assert (early[60:] == 1).all()
    assert (UPS().select(proba, context(90, round_no=4)).labels(90) >= 0).all()
    fewer = UPS().select(proba[:70], context(70, round_no=3)).labels(70)
    assert np.bincount(fewer[fewer >= 0]).tolist() == [25, 10]


def test_the_steadiest_stay_when_classes_are_balanced():
    classes, accepted = np.zeros(40, dtype=int), np.arange(40) % 4 > 0
    kept = balance(classes, accepted, np.arange(40)[::-1], np.array([True, True]))
    assert kept.sum() == 25
    assert np.flatnonzero(kept).tolist() == np.flatnonzero(accepted)[-25:].tolist()


def test_a_retired_class_is_not_the_smallest():
    classes, accepted = np.repeat([0, 1], 40), np.ones(80, dtype=bool)
    order = np.arange(80)
    assert balance(classes, accepted, order, np.array([True, True, False])).all()
