from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.quality.share import Share
from annotate.review.measuring import AUDIT
from annotate.steps.given_labels import read_given_labels
from annotate.steps.simulate import answer_queue
from annotate.steps.status import read_status
from annotate.steps.stopping import read_stop_evidence
from annotate.steps.train import train
from annotate.store.decisions import Decision, append_decisions
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_as_given, text_project

# Item k is predicted as class k mod 3.
PROBA = np.tile(np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]), (4, 1))


@pytest.fixture
def predicted(tmp_path):
    workspace = text_project(tmp_path / "p", [f"text {number}" for number in range(12)])
    predict_as_given(workspace, PROBA)
    yield workspace
    workspace.close()


def answer(workspace, item_no, class_no, **rest):
    facts = {"kind": "relabel", "schema_version": 1, "class_no": class_no} | rest
    append_decisions(workspace.store, [Decision(f"e{item_no}", item_no, "ann", **facts)])


def evidence(workspace):
    return read_stop_evidence(workspace, read_given_labels(workspace))


def test_only_random_blind_answers_are_counted(predicted):
    answer(predicted, 0, 1)
    assert evidence(predicted).random == Share(0, 0)
    with predicted.store.write() as connection:
        ask_first(connection, [1, 2], AUDIT)
    answer(predicted, 1, 1, purpose="audit", role="held_back")
    answer(predicted, 2, 0, purpose="audit", role="held_back")
    found = evidence(predicted)
    assert (found.random, found.measured) == (Share(1, 2), Share(1, 2))
    assert (found.n_items, found.n_decided) == (12, 3)


def test_held_back_gold_measures_and_is_not_taken_for_random(workspace, gold):
    train(workspace, n_rounds=0)
    found = evidence(workspace)
    assert found.random.n == 0
    assert found.measured.n == 6  # a fifth of 10 a class


def test_models_count_as_successive_when_twenty_answers_lie_between(workspace, gold, truth):
    train(workspace, n_rounds=1, student="linear")
    assert len(evidence(workspace).guesses) == 1  # round 0 and 1 learnt from the same answers
    for n_answers, n_models in ((10, 1), (10, 2), (20, 3)):
        answer_queue(workspace, truth, n_answers)
        train(workspace, n_rounds=1, student="linear")
        assert len(evidence(workspace).guesses) == n_models


def test_models_are_successive_also_where_answers_began_a_run_anew(workspace, gold, truth):
    train(workspace, n_rounds=1, student="linear")
    for n_models in (2, 3):
        answer_queue(workspace, truth, 25)
        train(workspace, n_rounds=1, student="linear", teacher="stacked")
        assert len(evidence(workspace).guesses) == n_models


def test_status_tells_whether_to_stop_once_something_is_predicted(predicted, empty):
    assert read_status(empty).stopping == []
    rules = {advice.rule: advice.may_stop for advice in read_status(predicted).stopping}
    assert rules == {"few corrections": None, "forecast": None, "stable predictions": None}


@pytest.mark.parametrize("target", [1.0, -0.1])
def test_a_target_must_be_a_share_that_can_be_reached(predicted, target):
    with pytest.raises(ConfigError, match="below 1"):
        read_status(predicted, target=target)
