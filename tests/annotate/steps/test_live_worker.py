"""What the worker learns from and publishes, without a process of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL
from annotate.review.prediction_summary import summarise_prediction
from annotate.schema import ClassSpec
from annotate.steps import live_worker
from annotate.steps.add import add
from annotate.steps.change_schema import merge_classes, split_class
from annotate.steps.embed import embed
from annotate.steps.given_labels import read_given_labels
from annotate.steps.live_prediction import read_current
from annotate.steps.live_worker import LiveStudent, check_size, training_rows
from annotate.store.decisions import Decision, append_decisions
from annotate.store.gold import insert_gold, replace_gold
from annotate.store.items import drop_items
from annotate.store.schema_versions import record_schema, with_config_classes
from tests.app.review_projects import predict_at_random


def answer(workspace, item_no, class_no=0, **rest):
    event = Decision(f"e{item_no}-{rest}", item_no, "ann", "relabel", 1, class_no=class_no, **rest)
    append_decisions(workspace.store, [event])


@pytest.fixture
def student(workspace):
    predict_at_random(workspace)
    return LiveStudent(workspace)


def newest(student, workspace):
    student.catch_up()
    return read_current(workspace.paths.live)


def test_without_answers_nothing_is_published(student, workspace):
    assert newest(student, workspace) is None


def test_answers_move_items_that_are_alike(student, workspace):
    for number in range(0, 30, 3):
        answer(workspace, number, 0)  # all of them fruit, as every third item is
    live = newest(student, workspace)
    before = student._base.take(np.arange(30, 120))
    after = live.take(np.arange(30, 120))
    assert after[0::3, 0].mean() - before[0::3, 0].mean() > 0.1
    assert live.record["teacher"] == "live student after 10 answers"


def test_the_summary_is_that_of_the_probabilities(student, workspace):
    answer(workspace, 5)
    live = newest(student, workspace)
    expected = summarise_prediction(live, 120, np.ones(3, dtype=bool))
    np.testing.assert_array_equal(live.summary.predicted, expected.predicted)
    np.testing.assert_array_equal(live.summary.margin, expected.margin)
    np.testing.assert_array_equal(live.take(np.array([7, 3])), live.read(0, 120)[[7, 3]])


def test_answers_and_gold_count_as_the_classes_they_have_become(student, workspace, gold):
    for number in range(60, 90, 3):
        answer(workspace, number, 0)
    before = newest(student, workspace)
    merge_classes(workspace, ["fruit", "tool"], "thing")
    live = newest(student, workspace)
    assert live.facts.n_answers == before.facts.n_answers == 10
    assert set(live.summary.predicted) <= {2, 3}
    split_class(workspace, "thing", ["fruits", "tools"])
    assert newest(student, workspace).facts.n_answers == 0
    answer(workspace, 90, 4)
    assert newest(student, workspace).facts.n_answers == 1


@pytest.mark.parametrize("rest", [{"purpose": "audit"}, {"role": "held_back"}])
def test_answers_that_measure_change_nothing(student, workspace, rest):
    answer(workspace, 5)
    before = newest(student, workspace)
    answer(workspace, 6, 1, **rest)
    after = newest(student, workspace)
    assert (before.facts.last_seq, after.facts.last_seq) == (1, 2)
    assert after.facts.weights_sha256 == before.facts.weights_sha256
    np.testing.assert_array_equal(after.read(0, 120), before.read(0, 120))


@pytest.mark.parametrize("role", ["held_back", "unassigned"])
def test_gold_that_measures_or_may_come_to_measure_changes_nothing(student, workspace, role):
    with workspace.store.write() as connection:
        row = {"item_no": 6, "class_no": 1, "schema_version": 1, "role": role, "origin": "x"}
        insert_gold(connection, [{**row, "recorded_at_utc": "2026-01-01"}])
    assert newest(student, workspace) is None
    answer(workspace, 5)
    assert newest(student, workspace).facts.n_answers == 1


def test_gold_that_trains_is_learnt_from_and_is_no_answer(student, workspace, gold):
    assert newest(student, workspace).facts.n_answers == 0


def test_gold_that_is_replaced_is_learnt_anew(student, workspace):
    row = {"item_no": 6, "class_no": 0, "schema_version": 1, "role": "train", "origin": "x"}
    row["recorded_at_utc"] = "2026-01-01"
    with workspace.store.write() as connection:
        insert_gold(connection, [row])
    before = newest(student, workspace)
    with workspace.store.write() as connection:
        replace_gold(connection, [{**row, "class_no": 1}])
    after = newest(student, workspace)
    assert after.facts.weights_sha256 != before.facts.weights_sha256
    gained = after.take(np.array([6]))[0] - before.take(np.array([6]))[0]
    assert gained[0] < 0 < gained[1]


def test_an_answer_that_is_undone_is_unlearnt(student, workspace):
    answer(workspace, 5)
    assert newest(student, workspace) is not None
    append_decisions(workspace.store, [Decision("u", 5, "ann", "undo", 1, undoes="e5-{}")])
    assert newest(student, workspace) is None


def test_an_item_that_is_dropped_is_unlearnt(student, workspace):
    answer(workspace, 5)
    assert newest(student, workspace) is not None
    with workspace.store.write() as connection:
        drop_items(connection, [5])
    assert newest(student, workspace) is None


def test_a_corpus_that_has_grown_is_loaded_again(student, workspace, tmp_path):
    answer(workspace, 5)
    newest(student, workspace)
    more = tmp_path / "more.csv"
    pd.DataFrame({"id": ["x", "y"], "text": ["ripe plum", "steel saw"]}).to_csv(more, index=False)
    add(workspace, more, SourceOptions(modality="text"))
    with pytest.raises(NotReadyError, match="annotate embed"):
        student.catch_up()
    embed(workspace, "hashing")
    live = newest(student, workspace)
    assert live.shape == (122, 3)
    assert np.isfinite(live.take(np.array([120, 121]))).all()


def test_a_class_that_was_added_has_a_column(student, workspace):
    wanted = with_config_classes(
        workspace.schema, (*workspace.schema.classes, ClassSpec(0, "plant"))
    )
    with workspace.store.write() as connection:
        record_schema(connection, wanted, "test")
    answer(workspace, 5, 3)
    live = newest(student, workspace)
    assert (live.shape[1], live.facts.schema_version) == (4, 2)
    assert live.take(np.array([5]))[0, 3] > 1e-3


def test_another_prediction_is_corrected_next(student, workspace):
    answer(workspace, 5)
    before = newest(student, workspace)
    base = predict_at_random(workspace, seed=1)
    after = newest(student, workspace)
    assert before.facts.base_prediction_id != after.facts.base_prediction_id == base


def test_without_a_prediction_answers_alone_speak(workspace):
    student = LiveStudent(workspace)
    answer(workspace, 0, 0)
    answer(workspace, 1, 1)
    live = newest(student, workspace)
    assert live.facts.base_prediction_id is None
    assert live.summary.predicted[:2].tolist() == [0, 1]


def test_a_published_prediction_stays_readable_when_newer_ones_replace_it(student, workspace):
    answer(workspace, 5)
    first = newest(student, workspace)
    before = first.read(0, 120)
    for number in range(6, 10):
        answer(workspace, number)
        newest(student, workspace)
    np.testing.assert_array_equal(first.read(0, 120), before)
    assert len([path for path in workspace.paths.live.iterdir() if path.is_dir()]) == 2


def test_answers_come_before_gold_where_there_are_too_many(workspace, gold, monkeypatch):
    monkeypatch.setattr(live_worker, "MOST_TRAINING_ROWS", 4)
    unlabelled = np.flatnonzero(read_given_labels(workspace).current == NO_LABEL)[:3]
    for number in unlabelled.tolist():
        answer(workspace, number)
    rows = training_rows(read_given_labels(workspace))
    assert len(rows) == 4
    assert set(unlabelled) < set(rows.tolist())


def test_a_corpus_too_large_for_memory_is_declined_with_its_size():
    check_size(1_000_000, 512, 1_000)
    with pytest.raises(
        NotReadyError, match=r"features of 2 GiB at most; 3,000,000 x 512 take 2\.9"
    ):
        check_size(3_000_000, 512, 10)
    with pytest.raises(NotReadyError, match="predictions of 2 GiB"):
        check_size(1_000_000, 512, 4_096)
