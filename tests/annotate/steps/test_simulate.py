from __future__ import annotations

import pytest

from annotate.errors import ConfigError
from annotate.steps.simulate import simulate
from annotate.steps.train import train
from annotate.store.decisions import count_decisions, read_decisions
from annotate.store.history import list_rounds


@pytest.fixture
def started(workspace, gold):
    train(workspace, n_rounds=0)
    return workspace


def facts(workspace):
    with workspace.store.read() as connection:
        return count_decisions(connection), len(list_rounds(connection))


def test_the_project_itself_is_left_as_it_was(started, truth):
    before = facts(started), started.config
    report = simulate(started, truth, budget=6, batch=3, queue="margin")
    assert [point["answers"] for point in report.points] == [0, 3, 6]
    assert (facts(started), started.config) == before
    assert [p for p in started.paths.root.parent.iterdir() if "simulate" in p.name] == []


def test_kept_answers_are_marked_simulated(started, truth):
    simulate(started, truth, budget=4, keep=True)
    with started.store.read() as connection:
        decisions = read_decisions(connection)
    assert decisions["purpose"].tolist() == ["simulated"] * 4
    assert decisions["item_no"].is_unique


def test_it_stops_when_the_queue_is_empty(started, truth):
    report = simulate(started, truth, budget=1000)
    assert report.points[-1]["answers"] == 90  # 30 of the 120 have gold
    assert report.points[-1]["accuracy_all"] == 1.0


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"budget": 5, "batch": 0}])
def test_budget_and_batch_must_be_positive(started, truth, wrong):
    with pytest.raises(ConfigError, match="1 or more"):
        simulate(started, truth, **wrong)
