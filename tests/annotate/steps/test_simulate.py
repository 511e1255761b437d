from __future__ import annotations

from pathlib import Path

import pytest

from annotate.errors import ConfigError
from annotate.steps import round_reports
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


def test_no_round_of_the_copy_writes_a_report(started, truth, monkeypatch):
    def write(*_):
        raise AssertionError("nobody reads the reports of a copy")

    monkeypatch.setattr(round_reports, "write_report", write)
    assert simulate(started, truth, budget=3).points[-1]["answers"] == 3


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


def test_it_tells_when_targets_were_reached_and_where_each_rule_would_have_stopped(started, truth):
    report = simulate(started, truth, budget=90, batch=45, targets=[0.2, 0.999])
    assert report.reached[0] == {"target": 0.2, "answers": 0}
    enough = [p["answers"] for p in report.points if p["accuracy_all"] >= 0.999]
    assert report.reached[1]["answers"] == enough[0] > 0
    stops = {(stop["rule"], stop["target"]): stop for stop in report.stops}
    # No random answers, and too few trainings; six of held-back gold for the forecast.
    assert stops["few corrections", 0.2]["answers"] is None
    assert stops["stable predictions", None]["accuracy_all"] is None
    forecast = stops["forecast", 0.2]
    at_stop = [p["accuracy_all"] for p in report.points if p["answers"] == forecast["answers"]]
    assert at_stop == [forecast["accuracy_all"]]


def test_the_report_is_one_page_that_needs_no_network(started, truth, tmp_path):
    page = tmp_path / "curve.html"
    report = simulate(started, truth, budget=3, targets=[0.999], report=page)
    assert report.reached == [{"target": 0.999, "answers": None}]
    text = page.read_text(encoding="utf-8")
    assert "expected_corrections, batches of 3, seed 0" in text
    assert '<script src="' not in text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"budget": 0}, "1 or more"),
        ({"budget": 5, "batch": 0}, "1 or more"),
        ({"budget": 5, "targets": [0.9, 1.0]}, "below 1"),
        ({"budget": 5, "report": Path("no such folder") / "curve.html"}, "folder that is there"),
    ],
)
def test_mistakes_are_told_before_anything_runs(started, truth, wrong, message):
    with pytest.raises(ConfigError, match=message):
        simulate(started, truth, **wrong)
