from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from annotate.review.cards import MAX_TEXT, Basis, likeliest_classes, make_cards

RECORD = {"prediction_id": "p1", "teacher": "zero_shot", "round_no": None}
ALL_ACTIVE = np.ones(3, dtype=bool)


def card(proba, *, text="a text", item_id="t0", record=RECORD, asked_first=None):
    items = pd.DataFrame({"item_id": [item_id], "text": [text]}, index=[5])
    basis = Basis(record, "it is close", asked_first or {})
    return make_cards(items, np.array([proba]), ALL_ACTIVE, basis, "text")[0]


def test_a_card_shows_the_likeliest_classes_and_where_they_come_from():
    shown = card([0.2, 0.7, 0.1])
    assert [(g.class_no, g.confidence) for g in shown.guesses] == [(1, 0.7), (0, 0.2), (2, 0.1)]
    assert (shown.item_no, shown.source, shown.prediction_id) == (5, "zero_shot", "p1")
    assert shown.asked_because == "it is close"


def test_a_student_is_named_by_its_round():
    assert card([1, 0, 0], record={**RECORD, "round_no": 3}).source == "round 3 student"


@pytest.mark.parametrize("reason", ["spot check", "audit of July"])
def test_an_item_that_measures_gives_nothing_away(reason):
    shown = card([0.2, 0.7, 0.1], asked_first={5: reason})
    assert (shown.blind, shown.asked_because) == (True, reason)
    assert (shown.guesses, shown.source, shown.prediction_id) == ((), None, None)


def test_an_item_asked_first_for_another_reason_keeps_its_suggestion():
    shown = card([0.2, 0.7, 0.1], asked_first={5: "someone flagged it"})
    assert (shown.blind, len(shown.guesses)) == (False, 3)


def test_an_item_without_prediction_can_still_be_shown():
    shown = card([np.nan] * 3)
    assert (shown.guesses, shown.source) == ((), None)
    assert "no prediction" in shown.asked_because


def test_a_card_is_json_and_acts_on_nothing():
    shown = card([0.2, 0.7, 0.1], item_id="x\u202e\x1b[31m.png")
    assert json.loads(json.dumps(shown.as_json(), allow_nan=False))["item_no"] == 5
    assert shown.item_id.isprintable()


def test_a_very_long_text_is_cut_and_says_so():
    shown = card([1, 0, 0], text="x" * (MAX_TEXT + 7))
    assert (len(shown.text), shown.n_characters_cut) == (MAX_TEXT, 7)


def test_guesses_leave_out_retired_classes_and_stop_at_five():
    proba = np.array([[0.3, 0.25, 0.2, 0.1, 0.08, 0.05, 0.02]])
    active = np.array([False, True, True, True, True, True, True])
    assert [g.class_no for g in likeliest_classes(proba, active)[0]] == [1, 2, 3, 4, 5]
