"""The worker as a process: started, woken, killed, orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from annotate.steps import live_learning
from annotate.steps.embed import embed
from annotate.steps.live_learning import LiveLearner
from annotate.store.decisions import Decision, append_decisions
from tests.app.review_projects import predict_as_given, predict_at_random, text_project

CHECKOUT = Path(__file__).parents[3]
ORPHAN = """
import sys, time
from pathlib import Path
from annotate.steps.live_learning import LiveLearner
from annotate.steps.workspace import open_workspace
learner = LiveLearner(open_workspace(Path(sys.argv[1])))
print(learner._process.pid, flush=True)
time.sleep(600)
"""


def wait_until(condition):
    for _ in range(1200):
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within a minute")


@pytest.fixture
def project(tmp_path):
    project = text_project(tmp_path / "p", ["cat purrs", "dog barks", "cat meows", "dog growls"])
    predict_as_given(project, np.full((4, 3), 1 / 3))
    embed(project, "hashing")
    yield project
    project.close()


@pytest.fixture
def learner(project):
    with LiveLearner(project) as started:
        yield started


def answer(project, learner, item_no, class_no):
    event = Decision(f"e{item_no}", item_no, "ann", "relabel", 1, class_no=class_no)
    [seq] = append_decisions(project.store, [event])
    learner.wake()
    return wait_until(lambda: (live := learner.latest()) and live.facts.last_seq >= seq and live)


def test_an_answer_changes_what_is_predicted_for_its_kind(project, learner):
    assert learner.latest() is None
    first = answer(project, learner, 0, 2)
    second = answer(project, learner, 1, 1)
    assert first.summary.predicted[0] == 2
    assert second.take([2])[0, 2] > second.take([3])[0, 2]
    assert second.record["teacher"] == "live student after 2 answers"
    assert learner.latest() is second
    assert learner.problem() is None


def test_answers_that_other_programs_store_are_seen(project, learner):
    append_decisions(project.store, [Decision("x", 0, "bob", "relabel", 1, class_no=2)])
    assert wait_until(learner.latest).facts.n_answers == 1


def test_a_new_prediction_is_not_hidden_by_an_older_live_one(project, learner):
    answer(project, learner, 0, 2)
    newer = predict_at_random(project, seed=1)
    live = learner.latest()
    assert live is None or live.facts.base_prediction_id == newer


def test_a_worker_that_was_killed_is_started_again(project, learner):
    answer(project, learner, 0, 2)
    os.kill(learner._process.pid, signal.SIGKILL)
    learner._process.wait()
    assert answer(project, learner, 1, 1).facts.n_answers == 2


def test_a_worker_that_keeps_dying_is_reported_and_blocks_nobody(project, monkeypatch):
    monkeypatch.setattr(live_learning, "WORKER", "no_such_module")
    with LiveLearner(project) as learner:

        def wake_it_again():
            learner.wake()
            return learner.problem()

        assert "ended 4 times" in wait_until(wake_it_again)
        assert learner.latest() is None


def test_what_is_missing_is_said_until_it_is_there(tmp_path):
    project = text_project(tmp_path / "q", ["cat purrs", "dog barks"])
    with LiveLearner(project) as learner:
        assert "annotate embed" in wait_until(learner.problem)
        embed(project, "hashing")
        assert answer(project, learner, 0, 2).facts.base_prediction_id is None
        wait_until(lambda: learner.problem() is None)
    project.close()


def test_two_servers_of_one_project_read_what_one_worker_publishes(project, learner):
    with LiveLearner(project) as other:
        answer(project, learner, 0, 2)
        assert answer(project, other, 1, 1).facts == learner.latest().facts


def test_a_worker_ends_with_a_parent_that_was_killed(project):
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(project.paths.root)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    with parent:
        worker = int(parent.stdout.readline())
        assert is_running(worker)
        parent.kill()
    wait_until(lambda: not is_running(worker))


def is_running(pid):
    try:
        # An ended process whose new parent has not yet asked for its exit code is a zombie.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
