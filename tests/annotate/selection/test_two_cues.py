from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from annotate.errors import ConfigError
from annotate.protocols import SelectionContext
from annotate.selection import two_cues
from annotate.selection.two_cues import TwoCues
from tests.fakes import ArrayRows

NONE = [np.nan, np.nan, np.nan]


def make_context(one, other, **settings):
    said = {"one": np.asarray(one, np.float32), "other": np.asarray(other, np.float32)}
    settings = {"labels": np.full(len(said["one"]), -1), **settings}
    return SelectionContext(predictions=said.__getitem__, **settings)


def test_both_must_say_the_class_that_is_judged():
    judged = np.tile([0.5, 0.3, 0.2], (5, 1))
    one = [[0.9, 0.1, 0.0], [0.4, 0.3, 0.3], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0], NONE]
    other = [[0.4, 0.3, 0.3], [0.3, 0.4, 0.3], NONE, [0.0, 0.6, 0.4], [0.9, 0.1, 0.0]]
    selection = TwoCues("one+other").select(judged, make_context(one, other))
    assert selection.accepted.tolist() == [True, False, False, False, False]
    assert [selection.reason_names[number] for number in selection.reasons] == [
        "accepted",
        "the two cues differ",
        "one of the two cues has no answer",
        "the two cues agree on another class",
        "one of the two cues has no answer",
    ]


def test_in_a_chain_the_class_so_far_is_judged():
    judged, sure = np.array([[0.6, 0.4]]), [[0.1, 0.9]]
    context = make_context(sure, sure, candidates=np.array([1]))
    assert TwoCues("one+other").select(judged, context).labels(1).tolist() == [1]


def test_a_retired_class_is_passed_over_and_leaves_no_answer_where_it_was_all():
    judged = np.array([[0.1, 0.5, 0.4], [0.1, 0.5, 0.4]])
    one = [[0.6, 0.3, 0.1], [1.0, 0.0, 0.0]]
    active = np.array([False, True, True])
    context = make_context(one, judged, class_active=active)
    selection = TwoCues("one+other").select(judged, context)
    assert selection.accepted.tolist() == [True, False]
    assert selection.reason_names[selection.reasons[1]] == "one of the two cues has no answer"


@pytest.mark.parametrize("n_rows", [1, 7, 1000])
def test_it_is_the_literal_rule_whatever_the_block(rng, monkeypatch, n_rows):
    monkeypatch.setattr(two_cues, "ROWS_PER_BLOCK", n_rows)
    judged, one, other = rng.dirichlet(np.ones(3), size=(3, 100)).astype(np.float32)
    labels = np.where(np.arange(100) % 9 == 0, 0, -1)
    context = make_context(one, other, labels=labels)
    accepted = [
        row
        for row in range(100)
        if labels[row] < 0 and judged[row].argmax() == one[row].argmax() == other[row].argmax()
    ]
    selection = TwoCues("one+other").select(ArrayRows(judged), context)
    assert selection.rows[selection.accepted].tolist() == accepted


def test_on_halves_of_digits_what_both_say_is_far_more_often_right():
    pixels, truth = load_digits(return_X_y=True)
    drawn = np.random.default_rng(0).permutation(len(truth))
    labelled, rest = drawn[:150], drawn[150:]
    halves = pixels[:, :32], pixels[:, 32:]
    one, other = (
        LogisticRegression(max_iter=1000)
        .fit(half[labelled] / 16, truth[labelled])
        .predict_proba(half[rest] / 16)
        for half in halves
    )
    selection = TwoCues("one+other").select(one, make_context(one, other))
    right = selection.classes == truth[rest]
    assert right[selection.accepted].mean() > 0.95
    assert right.mean() < 0.8
    assert right[~selection.accepted].mean() < 0.5


@pytest.mark.parametrize("argument", [None, "probe", "a+", "a+b+c"])
def test_it_takes_two_teachers(argument):
    with pytest.raises(
        ConfigError, match=r"selector two_cues needs two teachers.*zero_shot\+probe"
    ):
        TwoCues(argument)


def test_cues_over_other_classes_are_refused():
    context = make_context(np.full((2, 3), 1 / 3), np.full((2, 3), 1 / 3))
    with pytest.raises(ValueError, match=r"\(2, 2\); got \(2, 3\)"):
        TwoCues("one+other").select(np.full((2, 2), 0.5), context)
