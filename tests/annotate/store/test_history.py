from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from annotate.store.database import Store
from annotate.store.history import (
    find_prediction,
    find_round,
    find_selection,
    head_round,
    head_round_no,
    heads,
    latest_prediction,
    lineage,
    list_predictions,
    list_rounds,
    move_head,
    next_round_no,
    record_prediction,
    record_round,
    record_selection,
)


def prediction(prediction_id: str, teacher: str = "probe", round_no: int | None = None) -> dict:
    return {
        "prediction_id": prediction_id,
        "teacher": teacher,
        "weights_sha256": "w",
        "encoder_id": None,
        "schema_version": 1,
        "n_items": 20,
        "settings": {"temperature": 0.5},
        "round_no": round_no,
    }


def round_(number: int, parent: int | None) -> dict:
    return {
        "round_no": number,
        "parent": parent,
        "settings": {"seed": 0},
        "metrics": {"accuracy": 0.9},
        "teacher_prediction_id": "p",
        "selection_id": None,
        "prediction_id": "q",
        "label_selection_id": "s",
        "model_sha256": None,
        "stop_reason": None,
    }


def test_a_record_comes_back_as_it_was_given(store: Store):
    with store.write() as connection:
        record_prediction(connection, prediction("p"))
        found = find_prediction(connection, "p")
    assert found is not None
    assert {name: found[name] for name in prediction("p")} == prediction("p")
    assert found["created_at_utc"].endswith("+00:00")


def test_the_same_prediction_is_recorded_once(store: Store):
    with store.write() as connection:
        record_prediction(connection, prediction("p"))
        record_prediction(connection, prediction("p"))
        assert len(list_predictions(connection)) == 1


def test_the_latest_prediction_is_by_teacher_and_leaves_rounds_out(store: Store):
    with store.write() as connection:
        assert latest_prediction(connection) is None
        for number, (teacher, round_no) in enumerate(
            [("probe", None), ("zero_shot", None), ("probe", 1)]
        ):
            record_prediction(connection, prediction(f"p{number}", teacher, round_no))
        newest = latest_prediction(connection)
        of_probe = latest_prediction(connection, "probe")
    assert newest is not None and newest["prediction_id"] == "p1"
    assert of_probe is not None and of_probe["prediction_id"] == "p0"


def test_a_selection_keeps_its_selectors_in_order(store: Store):
    record = {
        "selection_id": "s",
        "prediction_id": "p",
        "selectors": ["quota:16", "agreement"],
        "n_accepted": 3,
        "sha256": "x",
    }
    with store.write() as connection:
        record_selection(connection, record)
        record_selection(connection, record)
        found = find_selection(connection, "s")
        assert find_selection(connection, "t") is None
    assert found is not None and found["selectors"] == ["quota:16", "agreement"]


def test_a_reverted_round_keeps_its_number_and_the_next_takes_a_free_one(store: Store):
    with store.write() as connection:
        assert next_round_no(connection) == 0
        for number, parent in [(0, None), (1, 0), (2, 1)]:
            record_round(connection, round_(number, parent))
            move_head(connection, number, "trained")
        move_head(connection, 0, "reverted")
        assert next_round_no(connection) == 3
        record_round(connection, round_(3, head_round_no(connection)))
        assert [record["round_no"] for record in lineage(connection, 3)] == [0, 3]
        assert [record["round_no"] for record in lineage(connection, 2)] == [0, 1, 2]
        assert [record["round_no"] for record in list_rounds(connection)] == [0, 1, 2, 3]
        assert head_round_no(connection) == 0


def test_rounds_that_stood_come_in_the_order_in_which_they_last_did(store: Store):
    with store.write() as connection:
        for number in range(4):
            record_round(connection, round_(number, None))
        for number in (0, 1, 2, 1):  # round 3 never stood
            move_head(connection, number, "trained")
        assert [record["round_no"] for record in heads(connection)] == [0, 2, 1]


def test_a_project_without_rounds_has_no_head(store: Store):
    with store.read() as connection:
        assert head_round_no(connection) is None
        assert head_round(connection) is None
        assert find_round(connection, 0) is None
        assert lineage(connection, 0) == []
        assert heads(connection) == []


def test_the_head_is_a_round_that_exists(store: Store):
    with store.write() as connection:
        record_round(connection, round_(0, None))
        move_head(connection, 0, "trained")
        head = head_round(connection)
    assert head is not None and head["metrics"] == {"accuracy": 0.9}
    with pytest.raises(IntegrityError), store.write() as connection:
        move_head(connection, 5, "typo")


def test_a_round_number_is_taken_once(store: Store):
    with pytest.raises(IntegrityError), store.write() as connection:
        record_round(connection, round_(0, None))
        record_round(connection, round_(0, None))
