from __future__ import annotations

import pytest

from annotate.bridges.label_studio.annotations import prediction_shown, read_annotation
from tests.annotate.bridges.label_studio.fake_server import choices

RAW = {
    "id": 5,
    "result": choices("owl"),
    "was_cancelled": False,
    "completed_by": 1,
    "lead_time": 3.5,
    "created_at": "2026-01-01T00:00:05Z",
    "updated_at": "2026-01-01T00:00:06Z",
    "parent_prediction": None,
}
BOX = {"from_name": "label", "type": "rectanglelabels", "value": {"x": 1, "rectanglelabels": []}}


def read(**changes):
    return read_annotation({**RAW, **changes})


def test_one_chosen_class_is_a_label():
    answer = read()
    assert (answer.outcome, answer.class_name, answer.lead_time_s) == ("label", "owl", 3.5)


def test_a_cancelled_annotation_is_a_skip_whatever_it_holds():
    assert read(was_cancelled=True, result=choices("owl")).outcome == "skip"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ([], "no region"),
        (choices("owl") * 2, "several regions"),
        (choices("owl", "wren"), "several choices"),
        (choices(), "no choice"),
        ([{**choices("owl")[0], "from_name": "comment"}], "another control"),
        ([BOX], "another type of region"),
        ([{**choices("owl")[0], "value": {"choices": [1]}}], "no choices"),
        ([{**choices("owl")[0], "value": None}], "no choices"),
        (["owl"], "another control"),
        ("owl", "no list of regions"),
        (None, "no list of regions"),
    ],
)
def test_what_is_not_one_class_is_unknown_with_a_reason(result, reason):
    answer = read(result=result)
    assert (answer.outcome, answer.class_name, answer.reason) == ("unknown", None, reason)


def test_saving_again_leaves_the_hash_and_answering_otherwise_changes_it():
    same = read(updated_at="2027-01-01T00:00:00Z", lead_time=9)
    assert same.sha256 == read().sha256
    others = [read(result=choices("wren")), read(was_cancelled=True), read(completed_by=2)]
    assert len({answer.sha256 for answer in (same, *others)}) == 4


@pytest.mark.parametrize("odd", [-1, float("nan"), float("inf"), "3", None, []])
def test_an_odd_lead_time_is_none(odd):
    assert read(lead_time=odd).lead_time_s is None


@pytest.mark.parametrize("number", [None, "5", -1, 2**63, True, 1.5])
def test_an_annotation_without_a_number_cannot_be_told_apart(number):
    assert read(id=number) is None


def test_the_user_may_come_as_a_number_or_with_an_address():
    assert read(completed_by={"id": 1, "email": "a@b"}).completed_by == "a@b"
    assert read(completed_by={"id": 1}).completed_by == 1
    assert read(completed_by=[]).completed_by is None


def test_annotations_made_of_many_predictions_at_once_are_told_from_answers():
    bulk = {"parent_prediction": 3, "lead_time": None, "updated_by": None}
    assert read(**bulk).in_bulk
    assert read(parent_prediction=3, updated_by=1, last_action="prediction").in_bulk
    for answered in ({"lead_time": 2.0}, {"updated_by": 1}, {"parent_prediction": None}):
        assert not read(**{**bulk, **answered}).in_bulk
    assert not read(parent_prediction=3, lead_time=None).in_bulk  # a server that does not say
    assert read(**bulk).sha256 != read(**{**bulk, "updated_by": 1}).sha256


def prediction(number, second, name="owl", score=0.5):
    at = f"2026-01-01T00:00:{second:02d}Z"
    return {"id": number, "created_at": at, "score": score, "model_version": f"v{number}",
            "result": choices(name)}  # fmt: skip


def test_what_was_shown_is_the_newest_prediction_that_was_there():
    shown = prediction_shown(read(), [prediction(1, 1), prediction(2, 4), prediction(3, 9)])
    assert shown is not None and shown.model_version == "v2"


def test_the_prediction_an_answer_began_from_counts_before_all_others():
    shown = prediction_shown(read(parent_prediction=1), [prediction(1, 1), prediction(2, 4)])
    assert shown is not None and shown.model_version == "v1"


def test_without_predictions_nothing_was_shown():
    assert prediction_shown(read(), [None, {"id": "x"}]) is None


def test_an_odd_score_is_none():
    shown = prediction_shown(read(), [prediction(1, 1, score=float("nan"))])
    assert shown is not None and shown.score is None
